import * as z from 'zod';
import { id, instant, timeZone, utcInstant } from '../api/values.ts';

/**
 * Faults the forest knows. theft: part of the load goes around the meter, always or for hours; bypass: nearly all of it does; stuck: the meter
 * repeats a value; reversed: current transformers are connected the wrong way round; spike: single impossible intervals; drift: the meter's gain changes slowly.
 */
export const FAULT_CLASSES = ['theft', 'bypass', 'stuck', 'reversed', 'spike', 'drift'] as const;
export type FaultClass = (typeof FAULT_CLASSES)[number];

/** What a person may say about a window: a fault, or that there is none. */
export const FAULT_LABELS = [...FAULT_CLASSES, 'normal'] as const;
export type FaultLabel = (typeof FAULT_LABELS)[number];

/** Share of meter-days with a fault that probabilities of the model are of: a few meters of a hundred, for a part of the year. [proposed] */
export const FAULTY_SHARE = 0.01;

/** Days of history up to which scores still improve; fewer are answered all the same. */
export const FULL_WINDOW_DAYS = 56;
const MAX_INTERVALS = 100 * 288;

const channelValues = z
  .array(z.number().finite().nullable())
  .min(1)
  .max(MAX_INTERVALS)
  .meta({ description: 'Energy per interval in any unit, the same within the window; null where there is none' });

/** Readings of one meter up to now; the latest local day of the window is judged. */
export const meterWindow = z
  .strictObject({
    meterId: id,
    timeZone,
    start: instant,
    intervalMinutes: z.number().int().positive().max(1440),
    imported: channelValues,
    exported: channelValues.optional(),
    peers: channelValues.optional().meta({
      description:
        'Mean import of comparable meters (same transformer or class) in the same intervals: tells weather from a fault',
    }),
  })
  .refine(({ imported, exported }) => exported === undefined || exported.length === imported.length, {
    path: ['exported'],
    message: 'must have as many intervals as imported',
  })
  .refine(({ imported, peers }) => peers === undefined || peers.length === imported.length, {
    path: ['peers'],
    message: 'must have as many intervals as imported',
  });
export type MeterWindow = z.infer<typeof meterWindow>;

export const anomalyRequest = z.strictObject({ windows: z.array(meterWindow).min(1).max(100) });
export type AnomalyRequest = z.infer<typeof anomalyRequest>;

const probability = z.number().min(0).max(1);

/** Why: one feature of the day, against what this meter's own days have been. */
export const anomalySignal = z.object({
  signal: z.string().meta({ examples: ['level'] }),
  value: z.number(),
  expectedLow: z.number(),
  expectedHigh: z.number(),
  direction: z.enum(['high', 'low']),
  surprise: z.number().min(0).meta({ description: 'Distance from the expected middle in robust standard deviations' }),
});
export type AnomalySignal = z.infer<typeof anomalySignal>;

export const windowScore = z.object({
  meterId: id,
  day: z.iso.date().meta({ description: 'The local day that is judged' }),
  score: probability.meta({
    description:
      'Ensemble: how likely there is a fault, if one meter-day in a hundred has one; calibrated on meters that were not learned from',
  }),
  forest: probability.meta({ description: 'Random forest alone, calibrated likewise' }),
  faults: z.record(z.enum(FAULT_CLASSES), probability),
  likeliest: z.enum(FAULT_CLASSES).nullable().meta({ description: 'Null where normal is likelier than every fault' }),
  since: utcInstant
    .nullable()
    .meta({ description: 'Start of the first day of the run of days that are as suspicious' }),
  historyDays: z.number().int().min(0),
  explanation: z.array(anomalySignal).meta({ description: 'The most unusual features first' }),
});
export type WindowScore = z.infer<typeof windowScore>;

export const anomalyResponse = z.object({ modelVersion: z.string().min(1), windows: z.array(windowScore) });
export type AnomalyResponse = z.infer<typeof anomalyResponse>;

/** A line of the validation channel: what is asked of one meter, and what is true of its last day. */
export const anomalyExample = z.object({
  id: z.string(),
  /** The meter: its examples are not independent of each other. */
  block: z.string(),
  request: anomalyRequest,
  label: z.enum(FAULT_LABELS),
});
export type AnomalyExample = z.infer<typeof anomalyExample>;

/**
 * Guard metrics of an anomaly model, both proper scores (Brier 1950): `detection` of the probability that there is a fault, `classification` of
 * the probabilities of all faults and of none.
 */
export const ANOMALY_GUARDS = ['detection', 'classification'] as const;

/** Detection by what is true, for the card of a model: `detection_theft`, … */
export const detectionOf = (label: FaultLabel): string => `detection_${label}`;
