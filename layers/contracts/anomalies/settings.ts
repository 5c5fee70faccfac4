import * as z from 'zod';

/** What anomaly detection lets an operator set. All proposed. */
export const AnomalySettings = z
  .strictObject({
    alertsPerDay: z.number().min(0).max(100_000).describe('anomalies that people are told of, in the whole system'),
    leastSurprise: z
      .number()
      .min(3)
      .max(12)
      .describe('−log10 of a probability: 4 keeps what one reading in ten thousand of a meter is'),
    leastFaultScore: z
      .number()
      .min(0.01)
      .max(1)
      .describe('probability of a fault from which on the model of labelled faults finds an anomaly'),
    gatherMinutes: z
      .number()
      .min(0)
      .max(120)
      .describe('readings wait so long for others of their meters before they are scored: fewer and larger runs'),
  })
  .meta({ id: 'AnomalySettings' });
export type AnomalySettings = z.infer<typeof AnomalySettings>;

export const DEFAULT_ANOMALY_SETTINGS: AnomalySettings = {
  alertsPerDay: 24,
  leastSurprise: 4,
  leastFaultScore: 0.5,
  gatherMinutes: 1,
};
