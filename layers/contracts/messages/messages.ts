import * as z from 'zod';
import { IntervalColumnsMessage } from './interval-columns.ts';
import { IntervalBlockWire, IntervalReadingWire } from './interval-readings.ts';
import { MeterEventMessage } from './meter-events.ts';
import { RegisterReadWire } from './register-reads.ts';
import { SensorTelemetryMessage } from './sensor-telemetry.ts';

/** Message kinds by the last part of their topic. A payload is one message or a non-empty array of messages. */
export const MESSAGE_KINDS = {
  'interval-readings': z.union([IntervalBlockWire, IntervalReadingWire]),
  'interval-columns': IntervalColumnsMessage,
  'register-reads': RegisterReadWire,
  'meter-events': MeterEventMessage,
  'sensor-telemetry': SensorTelemetryMessage,
} as const;
export type MessageKind = keyof typeof MESSAGE_KINDS;

/** Where a topic leads. */
export interface Topic {
  kind: MessageKind;
  /** Id of the meter or sensor that speaks, and for itself only; undefined where one speaks for many. */
  ownerId: string | undefined;
  /** The concentrator that speaks for the meters that the topology gives it. With neither, a head-end speaks for any. */
  concentratorId: string | undefined;
}

/** `meters/m001/interval-readings` → kind and owner; `concentrators/c01/…` → the concentrator; `headend/<client>/…` → neither. */
export function parseTopic(topic: string): Topic | undefined {
  const [family, speaker, kind, ...rest] = topic.split('/');
  if (rest.length > 0 || !speaker || !kind || !Object.hasOwn(MESSAGE_KINDS, kind)) return undefined;
  const found = { kind: kind as MessageKind, ownerId: undefined, concentratorId: undefined };
  if (family === 'headend') return found;
  if (kind === 'sensor-telemetry') return family === 'sensors' ? { ...found, ownerId: speaker } : undefined;
  if (family === 'concentrators') return { ...found, concentratorId: speaker };
  return family === 'meters' && kind !== 'interval-columns' ? { ...found, ownerId: speaker } : undefined;
}
