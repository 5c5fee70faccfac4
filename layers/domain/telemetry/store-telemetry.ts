import type { SchemaVersions } from '../../contracts/avro/versions.ts';
import type { Reason } from '../../contracts/codes/reasons.ts';
import { parseTopic } from '../../contracts/messages/messages.ts';
import type { QuarantinedMessage } from '../../contracts/messages/quarantined-message.ts';
import { openEnvelope } from '../messages/envelope.ts';
import { aheadLimit, type FutureTimeSource } from '../messages/latest-time.ts';
import { openPayload } from '../messages/payload.ts';
import { type ArrivedMessage, type QuarantineStore, quarantined } from '../messages/quarantine.ts';
import { readPayload } from '../messages/read-payload.ts';
import type { JsonValue } from '../messages/strict-json.ts';
import type { SensorRegistry } from './sensor-registry.ts';
import type { Sample, TelemetryStore } from './telemetry-store.ts';
import { validateTelemetry } from './telemetry-validation.ts';

export interface StoreTelemetryPorts {
  telemetry: Pick<TelemetryStore, 'write'>;
  registry: Pick<SensorRegistry, 'findSensors'>;
  quarantine: QuarantineStore;
  /** Schemas that messages may be written by; none: JSON only. */
  schemas?: SchemaVersions;
  futureTime?: FutureTimeSource;
}

export interface StoredTelemetry {
  counts: { SamplesStored: number; MessagesQuarantined: number };
  quarantined: readonly QuarantinedMessage[];
}

/** A message that may be stored, and what was found wrong with it so far. */
interface Judged {
  message: ArrivedMessage;
  reasons: Reason[];
}

/**
 * Use case of the telemetry stream: everything good in a batch is durable and everything bad is in quarantine with every
 * reason when it resolves. Storing the same records again leaves the same state.
 * @throws on a fault of a store or the registry (RetryLater on a throttle); then the whole batch is to be tried again.
 */
export const storeTelemetry =
  (ports: StoreTelemetryPorts) =>
  async (records: readonly Uint8Array[]): Promise<StoredTelemetry> => {
    const poison: QuarantinedMessage[] = [];
    const parsed: { message: ArrivedMessage; ownerId: string | undefined; payload: JsonValue }[] = [];
    for (const data of records) {
      const message = openEnvelope(data);
      if (!message) {
        const bare = { topic: '', clientId: '', receivedAt: 0, traceId: '', payload: data };
        const reason: Reason = { code: 'INVALID_ENVELOPE', path: '', message: 'the record is not our envelope' };
        poison.push(quarantined(bare, 'unknown', [reason]));
        continue;
      }
      const topic = parseTopic(message.topic);
      if (topic?.kind !== 'sensor-telemetry') {
        const reason: Reason = { code: 'UNKNOWN_TOPIC', path: '', message: 'the topic names no message of sensors' };
        poison.push(quarantined(message, 'unknown', [reason]));
        continue;
      }
      const json = readPayload(openPayload(message.payload, ports.schemas ?? new Map()), topic.kind);
      if (!json.ok) poison.push(quarantined(message, 'sensor-telemetry', json.reasons));
      else parsed.push({ message, ownerId: topic.ownerId, payload: json.value });
    }
    const maxAheadMs = await aheadLimit(ports.futureTime);
    const sensors = await ports.registry.findSensors(parsed.flatMap(({ payload }) => sensorIdsIn(payload)));
    const samples: { sample: Sample; judged: Judged }[] = [];
    const messages = parsed.map(({ message, ownerId, payload }) => {
      const { receivedAt } = message;
      const found = validateTelemetry(payload, { receivedAt, maxAheadMs, ownerId, sensor: (id) => sensors.get(id) });
      const judged: Judged = { message, reasons: found.reasons };
      for (const sample of found.samples) samples.push({ sample, judged });
      return judged;
    });
    const rejected = await ports.telemetry.write(samples.map(({ sample }) => sample));
    for (const { index, reason } of rejected) {
      samples[index]?.judged.reasons.push({ code: 'TOO_OLD', path: '', message: `refused by the store: ${reason}` });
    }
    for (const { message, reasons } of messages) {
      if (reasons.length > 0) poison.push(quarantined(message, 'sensor-telemetry', reasons));
    }
    await ports.quarantine.put(poison);
    return {
      counts: { SamplesStored: samples.length - rejected.length, MessagesQuarantined: poison.length },
      quarantined: poison,
    };
  };

/** Well-formed ids only: a registry key cannot be empty, and no other id can be registered. */
const sensorIdsIn = (payload: JsonValue): string[] =>
  (Array.isArray(payload) ? payload : [payload]).flatMap((message) => {
    const id =
      message !== null && typeof message === 'object' && !Array.isArray(message) ? message.sensorId : undefined;
    return typeof id === 'string' && /^[A-Za-z0-9._-]{1,64}$/.test(id) ? [id] : [];
  });
