import * as z from 'zod';
import { CHANNEL_NAMES } from './channels.ts';
import { METER_EVENTS } from './events.ts';
import { energyUnit, Id, Instant, quality, revision } from './fields.ts';
import { IntervalColumnsMessage } from './interval-columns.ts';
import { INTERVAL_MINUTES, MAX_INTERVALS_PER_MESSAGE } from './limits.ts';
import { MEASUREMENT_KIND_NAMES, PHASES } from './measurements.ts';

/** Value of one interval, in the channel's unit, at most three decimals. */
const interval = { start: Instant, value: z.number().min(0), revision, quality };

const readingHead = {
  meterId: Id,
  channel: z.enum(CHANNEL_NAMES),
  unit: energyUnit,
  intervalMinutes: z.literal([...INTERVAL_MINUTES]),
};

export const IntervalReadingMessage = z.strictObject({ ...readingHead, ...interval }).meta({ id: 'IntervalReading' });
export type IntervalReadingMessage = z.infer<typeof IntervalReadingMessage>;

export const IntervalBlockMessage = z
  .strictObject({ ...readingHead, intervals: z.array(z.strictObject(interval)).min(1).max(MAX_INTERVALS_PER_MESSAGE) })
  .meta({ id: 'IntervalBlock' });
export type IntervalBlockMessage = z.infer<typeof IntervalBlockMessage>;

/** The parts of an interval block, for judging each interval by itself: good ones are stored beside bad ones. */
export const IntervalBlockHead = z.strictObject({ ...readingHead, intervals: z.unknown() });
export const IntervalBlockItem = z.strictObject(interval);
export type IntervalBlockItem = z.infer<typeof IntervalBlockItem>;

export const RegisterReadMessage = z
  .strictObject({
    meterId: Id,
    channel: z.enum(CHANNEL_NAMES),
    unit: energyUnit,
    time: Instant,
    value: z.number().min(0).describe('cumulative register'),
    revision,
  })
  .meta({ id: 'RegisterRead' });
export type RegisterReadMessage = z.infer<typeof RegisterReadMessage>;

export const MeterEventMessage = z
  .strictObject({ meterId: Id, time: Instant, event: z.enum(METER_EVENTS), detail: z.string().max(1024).optional() })
  .meta({ id: 'MeterEvent' });
export type MeterEventMessage = z.infer<typeof MeterEventMessage>;

export const SensorTelemetryMessage = z
  .strictObject({
    sensorId: Id,
    time: Instant,
    measurements: z
      .array(
        z.strictObject({
          kind: z.enum(MEASUREMENT_KIND_NAMES),
          unit: z.string().max(16),
          phase: z.enum(PHASES).optional(),
          value: z.number(),
        }),
      )
      .min(1)
      .max(64),
  })
  .meta({ id: 'SensorTelemetry' });
export type SensorTelemetryMessage = z.infer<typeof SensorTelemetryMessage>;

/** Message kinds by the last part of their topic. A payload is one message or a non-empty array of messages. */
export const MESSAGE_KINDS = {
  'interval-readings': z.union([IntervalBlockMessage, IntervalReadingMessage]),
  'interval-columns': IntervalColumnsMessage,
  'register-reads': RegisterReadMessage,
  'meter-events': MeterEventMessage,
  'sensor-telemetry': SensorTelemetryMessage,
} as const;
export type MessageKind = keyof typeof MESSAGE_KINDS;

/** Data of a stream record, as the topic rules and the batch route write it. */
export const Envelope = z
  .strictObject({
    payload: z.base64().describe('the message bytes as published'),
    topic: z.string().max(256),
    clientId: z.string().max(128),
    receivedAt: z.int().min(0).describe('epoch ms'),
    traceId: z.string().max(128),
  })
  .meta({ id: 'Envelope' });
export type Envelope = z.infer<typeof Envelope>;

/**
 * Where a topic leads: `meters/m001/interval-readings` → kind and owner; `headend/<client>/…` and
 * `concentrators/<id>/interval-columns` have no owner to compare.
 */
export function parseTopic(topic: string): { kind: MessageKind; ownerId: string | undefined } | undefined {
  const [family, owner, kind, ...rest] = topic.split('/');
  if (rest.length > 0 || !owner || !kind || !Object.hasOwn(MESSAGE_KINDS, kind)) return undefined;
  if (family === 'headend') return { kind: kind as MessageKind, ownerId: undefined };
  if (kind === 'interval-columns') return family === 'concentrators' ? { kind, ownerId: undefined } : undefined;
  if (family !== (kind === 'sensor-telemetry' ? 'sensors' : 'meters')) return undefined;
  return { kind: kind as MessageKind, ownerId: owner };
}

/** What lies in the quarantine bucket at `<kind>/<id>.json`; `kind` is `unknown` when the topic names none. */
export const QuarantinedMessage = z
  .strictObject({
    id: z.string().describe('sha-256 of topic, NUL and payload bytes, hex'),
    kind: z.string(),
    topic: z.string(),
    clientId: z.string(),
    receivedAt: z.int(),
    traceId: z.string(),
    reasons: z.array(z.strictObject({ code: z.string(), path: z.string(), message: z.string() })).min(1),
    payload: z.string().describe('base64'),
  })
  .meta({ id: 'QuarantinedMessage' });
export type QuarantinedMessage = z.infer<typeof QuarantinedMessage>;
