import * as z from 'zod';

/** What outage detection lets an operator set. What is not said to have a source is proposed. */
export const OutageSettings = z
  .strictObject({
    togetherSeconds: z.int().min(1).max(3600).describe('interruptions that begin so close together are one outage'),
    minMembers: z.int().min(2).max(100).describe('meters of a transformer, or transformers of a feeder, at least'),
    memberShare: z.number().min(0.01).max(1).describe('and at least this part of those that were energised'),
    silenceGraceMinutes: z.int().min(1).max(1440).describe('a reading so late after its interval is missing'),
    lookBackHours: z.int().min(1).max(720).describe('evidence that is this late is still made use of by itself'),
  })
  .meta({ id: 'OutageSettings' });
export type OutageSettings = z.infer<typeof OutageSettings>;

export const DEFAULT_OUTAGE_SETTINGS: OutageSettings = {
  togetherSeconds: 300,
  minMembers: 2,
  memberShare: 0.5,
  silenceGraceMinutes: 45,
  lookBackHours: 48,
};

/** Longest interruption that is momentary, minutes. IEEE 1366-2012, 3.20: 5; others report by 3 or 1. */
export const MOMENTARY_MINUTES = 5;
export const MOMENTARY_CHOICES = [1, 3, 5] as const;
