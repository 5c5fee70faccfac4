import type { Reason } from '../../contracts/codes/reasons.ts';
import { type MessageKind, parseTopic, type QuarantinedMessage } from '../../contracts/messages/messages.ts';
import { openEnvelope } from '../messages/envelope.ts';
import { type ArrivedMessage, type QuarantineStore, quarantined } from '../messages/quarantine.ts';
import { type JsonValue, parseStrictJson, type StrictJson } from '../messages/strict-json.ts';
import { IntervalParser } from './interval-parser.ts';
import { type Judgement, validateIntervalReadings } from './interval-validation.ts';
import { validateMeterEvents, validateRegisterReads } from './meter-fact-validation.ts';
import type { MeterEvent, MeterFactStore, RegisterRead } from './meter-facts.ts';
import { MeterIndex, type MeterRegistry, type RegisteredMeter } from './meter-registry.ts';
import { ReadingColumns } from './reading-columns.ts';
import type { ReadingStore } from './reading-store.ts';

/** A registry entry is believed this long; the strict path always asks anew. [proposed] */
const REGISTRY_AGE_MS = 5 * 60_000;

export interface StoreReadingsPorts {
  readings: ReadingStore;
  facts: MeterFactStore;
  registry: MeterRegistry;
  quarantine: QuarantineStore;
  clock: () => number;
}

export interface StoredBatch {
  counts: {
    ReadingsStored: number;
    RegisterReadsStored: number;
    MeterEventsStored: number;
    MessagesQuarantined: number;
  };
  quarantined: readonly QuarantinedMessage[];
}

type MeterMessageKind = Exclude<MessageKind, 'sensor-telemetry'>;

/** A message that the fast path left to the strict one. */
interface SlowMessage {
  message: ArrivedMessage;
  kind: MeterMessageKind;
  ownerId: string | undefined;
  json: StrictJson;
}

/**
 * Use case of the readings stream: everything good in a batch is durable and everything bad is in quarantine with every
 * reason when it resolves. Storing the same records again leaves the same state.
 * @throws on a fault of a store or the registry; then the whole batch is to be tried again.
 */
export function storeReadings(ports: StoreReadingsPorts): (records: readonly Uint8Array[]) => Promise<StoredBatch> {
  let index = new MeterIndex();
  let parser = new IntervalParser(index);
  let knownSince = ports.clock();
  // Kept between batches; taken while in use, should two run at once.
  let spare: ReadingColumns | undefined;
  return async (records) => {
    if (ports.clock() - knownSince > REGISTRY_AGE_MS) {
      index = new MeterIndex();
      parser = new IntervalParser(index);
      knownSince = ports.clock();
    }
    const readings = spare ?? new ReadingColumns();
    spare = undefined;
    readings.length = 0;
    const reads: RegisterRead[] = [];
    const events: MeterEvent[] = [];
    const poison: QuarantinedMessage[] = [];
    const slow: SlowMessage[] = [];
    const aside = (message: ArrivedMessage, kind: string, reasons: Reason[]) =>
      poison.push(quarantined(message, kind, reasons));
    for (const data of records) {
      const message = openEnvelope(data);
      if (!message) {
        const bare = { topic: '', clientId: '', receivedAt: 0, traceId: '', payload: data };
        aside(bare, 'unknown', [{ code: 'INVALID_ENVELOPE', path: '', message: 'the record is not our envelope' }]);
        continue;
      }
      const topic = parseTopic(message.topic);
      if (!topic || topic.kind === 'sensor-telemetry') {
        aside(message, 'unknown', [
          { code: 'UNKNOWN_TOPIC', path: '', message: 'the topic names no message of meters' },
        ]);
        continue;
      }
      const { kind, ownerId } = topic;
      const owner = ownerId === undefined ? undefined : index.get(ownerId);
      const usual = kind === 'interval-readings' && (ownerId === undefined || owner !== undefined);
      if (usual && parser.parse(message.payload, { receivedAt: message.receivedAt, owner }, readings)) continue;
      slow.push({ message, kind, ownerId, json: parseStrictJson(message.payload) });
    }
    const meters = await findMeters(ports.registry, slow);
    for (const [meterId, meter] of meters) index.put(meterId, meter);
    for (const { message, kind, ownerId, json } of slow) {
      if (!json.ok) {
        aside(message, kind, json.reasons);
        continue;
      }
      const judgement: Judgement = {
        receivedAt: message.receivedAt,
        ownerId,
        meter: (meterId) => meters.get(meterId),
        inexact: json.inexact,
      };
      const reasons = judge(kind, json.value, judgement, { readings, reads, events });
      if (reasons.length > 0) aside(message, kind, reasons);
    }
    await Promise.all([
      ports.readings.appendDeltas(readings),
      ports.facts.storeRegisterReads(reads).then(() => ports.facts.storeMeterEvents(events)),
      ports.quarantine.put(poison),
    ]);
    const stored = readings.length;
    spare = readings;
    return {
      counts: {
        ReadingsStored: stored,
        RegisterReadsStored: reads.length,
        MeterEventsStored: events.length,
        MessagesQuarantined: poison.length,
      },
      quarantined: poison,
    };
  };
}

function judge(
  kind: MeterMessageKind,
  payload: JsonValue,
  judgement: Judgement,
  out: { readings: ReadingColumns; reads: RegisterRead[]; events: MeterEvent[] },
): Reason[] {
  switch (kind) {
    case 'interval-readings':
      return validateIntervalReadings(payload, judgement, out.readings);
    case 'register-reads':
      return validateRegisterReads(payload, judgement, out.reads);
    case 'meter-events':
      return validateMeterEvents(payload, judgement, out.events);
  }
}

/** What the registry says now of every meter the slow messages name: nothing is refused by an old copy. */
async function findMeters(
  registry: MeterRegistry,
  slow: readonly SlowMessage[],
): Promise<ReadonlyMap<string, RegisteredMeter>> {
  const ids = new Set<string>();
  for (const { json } of slow) {
    if (!json.ok) continue;
    for (const message of Array.isArray(json.value) ? json.value : [json.value]) {
      const id =
        message !== null && typeof message === 'object' && !Array.isArray(message) ? message.meterId : undefined;
      // A NUL cannot be asked for in PostgreSQL, and no id of ours is longer.
      if (typeof id === 'string' && id.length <= 64 && !id.includes('\0')) ids.add(id);
    }
  }
  return ids.size === 0 ? new Map() : registry.find([...ids]);
}
