import * as z from 'zod';
import { FAULT_CLASSES, FAULT_LABELS } from '../models/anomaly.ts';
import { cursor, fromTo, id, inOrder, instant, limit, next, utcInstant } from './values.ts';

/** How something was found: by one signal of the stream, by all of them together, or by the models behind the endpoint. */
export const ANOMALY_METHODS = [
  'robust-z',
  'cut-forest',
  'change',
  'flatline',
  'spike',
  'combined',
  'forest',
  'ensemble',
] as const;
export type AnomalyMethod = (typeof ANOMALY_METHODS)[number];
const method = z.enum(ANOMALY_METHODS).meta({
  id: 'AnomalyMethod',
  description: [
    'robust-z: level for the hour of the week',
    'cut-forest: shape of the day',
    'change: step from the reading before',
    'flatline: a value that does not change',
    'spike: a lone peak',
    'combined: these together, none alone',
    'forest: random forest trained on labelled faults',
    'ensemble: forest, level and shape together',
  ].join('; '),
});

export const ANOMALY_STATUSES = ['open', 'snoozed', 'labelled', 'withdrawn'] as const;
const status = z.enum(ANOMALY_STATUSES).meta({
  id: 'AnomalyStatus',
  description:
    'open: nobody has judged it; snoozed: no alerts for a while; labelled: a person said what it was; withdrawn: readings came later that make it usual',
});

/** Why an anomaly is no alert. */
export const QUIET_REASONS = ['budget', 'snoozed', 'outage', 'repeated', 'past'] as const;
export type QuietReason = (typeof QUIET_REASONS)[number];

export const ANOMALY_ENTITIES = ['meter', 'sensor'] as const;
const direction = z.enum(['high', 'low']);

const anomalyId = z
  .string()
  .regex(/^ano-[0-9a-f]{24}$/, 'must be an anomaly id as /anomalies answers it')
  .meta({ description: 'Of what is unusual, by which side it was found, and since when' });
export const anomalyParams = z.strictObject({ anomalyId });

/** Absent bounds: `to` is now, `from` 31 days before it. An anomaly is listed by when it begins. */
export const anomaliesQuery = z
  .strictObject({
    method: method.optional(),
    minScore: z.coerce.number().min(0).max(1).optional(),
    direction: direction.optional(),
    status: status.optional(),
    meterId: id.optional(),
    sensorId: id.optional(),
    ...fromTo,
    order: z.enum(['score', 'since']).default('score').meta({ description: 'The highest or the latest first' }),
    limit: limit.default(100),
    cursor: cursor.optional(),
  })
  .refine(inOrder, { path: ['from'], message: 'must be before to' });

const label = z.enum(FAULT_LABELS).meta({
  id: 'AnomalyLabel',
  description: 'A fault that the forest knows; normal: a false alarm',
});

const givenLabel = z.object({
  label,
  note: z.string().nullable(),
  from: utcInstant,
  to: utcInstant,
  by: z.string().meta({ description: 'Subject of who said so' }),
  at: utcInstant,
});

const anomalyFields = {
  anomalyId,
  entity: z.object({ kind: z.enum(ANOMALY_ENTITIES), id }),
  quantity: z
    .string()
    .meta({ description: 'Channel of the meter, or what the sensor measures', examples: ['activeEnergyImport'] }),
  phase: z.enum(['L1', 'L2', 'L3']).nullable(),
  unit: z.string().meta({ description: 'Of value and expected band', examples: ['kWh'] }),
  signal: z.string().meta({ description: 'What about it is unusual', examples: ['level'] }),
  method,
  direction,
  score: z.number().min(0).max(1).meta({
    description: 'Stream: 1 − oneIn^(−1/3), 0.9 is one reading in a thousand; models: how likely there is a fault',
  }),
  oneIn: z.number().min(1).nullable().meta({
    description:
      'One in so many readings of this meter, or means of ten minutes of this sensor, is as unusual; null where a model judged a day',
  }),
  value: z
    .number()
    .meta({ description: 'The most unusual reading or mean of ten minutes, or feature of the latest day' }),
  expected: z
    .object({ low: z.number(), high: z.number() })
    .nullable()
    .meta({ description: 'Nine of ten are within; null while too little is known' }),
  peakAt: utcInstant.meta({ description: 'Of the most unusual reading' }),
  since: utcInstant,
  until: utcInstant.nullable().meta({ description: 'End of the last unusual reading; null while it goes on' }),
  raisedAt: utcInstant.meta({ description: 'When it was found' }),
  alertedAt: utcInstant.nullable().meta({ description: 'When people were told' }),
  quietBecause: z.enum(QUIET_REASONS).nullable().meta({
    description:
      'Why nobody was told. budget: others were more unusual; snoozed; outage: supply was out; repeated: told of the same meter or sensor within a day; past: found long after it ended',
  }),
  status,
  snoozedUntil: utcInstant.nullable(),
  label: givenLabel.nullable(),
  modelVersion: z.string().nullable().meta({ description: 'Of the endpoint; null where the stream found it' }),
  faults: z
    .record(z.enum(FAULT_CLASSES), z.number())
    .nullable()
    .meta({ description: 'Which fault, as far as a model can tell' }),
};

export const anomaly = z.object(anomalyFields).meta({ id: 'Anomaly' });
export const anomalyList = z.object({ items: z.array(anomaly), next }).meta({ id: 'AnomalyList' });

export const anomalyDetail = z
  .object({
    ...anomalyFields,
    labels: z.array(givenLabel).meta({ description: 'The latest first; it counts' }),
    snoozes: z.array(z.object({ until: utcInstant, by: z.string(), at: utcInstant })),
    explanation: z
      .array(
        z.object({
          signal: z.string(),
          value: z.number().nullable(),
          expected: z.object({ low: z.number(), high: z.number() }).nullable(),
          surprise: z.number().min(0).meta({
            description: 'Stream: −log10 of a probability; models: distance in robust standard deviations',
          }),
        }),
      )
      .meta({ description: 'What was looked at, the most unusual first' }),
  })
  .meta({ id: 'AnomalyDetail' });

/** Without bounds the label is of the span of the anomaly; the forest learns whole local days. */
export const anomalyLabelRequest = z
  .strictObject({
    label,
    note: z.string().trim().min(1).max(1000).optional(),
    from: instant.optional(),
    to: instant.optional(),
  })
  .refine(inOrder, { path: ['from'], message: 'must be before to' })
  .meta({ id: 'AnomalyLabelRequest' });

/** No alerts of the same meter or sensor and quantity until then; a past instant ends a snooze. */
export const anomalySnoozeRequest = z.strictObject({ until: instant }).meta({ id: 'AnomalySnoozeRequest' });
