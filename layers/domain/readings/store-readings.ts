import type { SchemaVersions } from '../../contracts/avro/versions.ts';
import type { Reason } from '../../contracts/codes/reasons.ts';
import { type MessageKind, parseTopic, type Topic } from '../../contracts/messages/messages.ts';
import type { QuarantinedMessage } from '../../contracts/messages/quarantined-message.ts';
import type { BatchLog, ItemOutcome } from '../batches/batch-log.ts';
import { openEnvelope } from '../messages/envelope.ts';
import { aheadLimit, type FutureTimeSource } from '../messages/latest-time.ts';
import { isPlain, openPayload, type Payload } from '../messages/payload.ts';
import { type ArrivedMessage, type QuarantineStore, quarantined } from '../messages/quarantine.ts';
import { readPayload } from '../messages/read-payload.ts';
import type { JsonValue, StrictJson } from '../messages/strict-json.ts';
import { decodeIntervalColumns } from './interval-columns-avro.ts';
import { IntervalColumnsParser } from './interval-columns-parser.ts';
import { validateIntervalColumns } from './interval-columns-validation.ts';
import { IntervalParser } from './interval-parser.ts';
import { validateIntervalReadings } from './interval-validation.ts';
import { type RegisterJudgement, validateMeterEvents, validateRegisterReads } from './meter-fact-validation.ts';
import type { MeterEvent, MeterFactStore, RegisterRead } from './meter-facts.ts';
import { type DatedRegister, MeterIndex, type MeterRegistry, type RegisteredMeter } from './meter-registry.ts';
import { ReadingColumns } from './reading-columns.ts';
import type { ReadingStore } from './reading-store.ts';

/** A registry entry is believed this long; the strict path always asks anew. [proposed] */
const REGISTRY_AGE_MS = 5 * 60_000;

export interface StoreReadingsPorts {
  readings: ReadingStore;
  facts: MeterFactStore;
  registry: MeterRegistry;
  quarantine: QuarantineStore;
  /** Schemas that messages may be written by; none: JSON only. */
  schemas?: SchemaVersions;
  /** Where head-ends learn what became of their batches; none: nobody asks. */
  batches?: BatchLog;
  futureTime?: FutureTimeSource;
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

interface WaitingMessage extends Topic {
  message: ArrivedMessage;
  kind: MeterMessageKind;
}

const parsersOf = (index: MeterIndex) => ({
  readings: new IntervalParser(index),
  columns: new IntervalColumnsParser(index),
});

/**
 * Use case of the readings stream: everything good in a batch is durable and everything bad is in quarantine with every
 * reason when it resolves. Storing the same records again leaves the same state.
 * @throws on a fault of a store or the registry; then the whole batch is to be tried again.
 */
export function storeReadings(ports: StoreReadingsPorts): (records: readonly Uint8Array[]) => Promise<StoredBatch> {
  let index = new MeterIndex();
  let parsers = parsersOf(index);
  let knownSince = ports.clock();
  const schemas: SchemaVersions = ports.schemas ?? new Map();
  const open = ({ payload }: ArrivedMessage): Payload =>
    isPlain(payload) ? { form: 'json', bytes: payload } : openPayload(payload, schemas);
  // Kept between batches; taken while in use, should two run at once.
  let spare: ReadingColumns | undefined;
  return async (records) => {
    if (ports.clock() - knownSince > REGISTRY_AGE_MS) {
      index = new MeterIndex();
      parsers = parsersOf(index);
      knownSince = ports.clock();
    }
    const maxAheadMs = await aheadLimit(ports.futureTime);
    const readings = spare ?? new ReadingColumns();
    spare = undefined;
    readings.truncate(0);
    const reads: RegisterRead[] = [];
    const events: MeterEvent[] = [];
    const poison: QuarantinedMessage[] = [];
    const waiting: WaitingMessage[] = [];
    const outcomes: ItemOutcome[] = [];
    const aside = (message: ArrivedMessage, kind: string, reasons: Reason[]) => {
      const found = quarantined(message, kind, reasons);
      poison.push(found);
      if (message.item === undefined) return;
      outcomes.push({ batchId: message.traceId, item: message.item, quarantined: { id: found.id, reasons } });
    };
    for (const data of records) {
      const message = openEnvelope(data);
      if (!message) {
        const bare = { topic: '', clientId: '', receivedAt: 0, traceId: '', payload: data };
        aside(bare, 'unknown', [{ code: 'INVALID_ENVELOPE', path: '', message: 'the record is not our envelope' }]);
        continue;
      }
      if (message.item !== undefined) outcomes.push({ batchId: message.traceId, item: message.item });
      const topic = parseTopic(message.topic);
      if (!topic || topic.kind === 'sensor-telemetry') {
        aside(message, 'unknown', [
          { code: 'UNKNOWN_TOPIC', path: '', message: 'the topic names no message of meters' },
        ]);
        continue;
      }
      const arrived = { ...topic, kind: topic.kind, message };
      if (!readFast(arrived, open(message), { index, parsers, maxAheadMs, out: readings })) waiting.push(arrived);
    }
    // Most that wait name a meter that is not known here yet: asked for once, they are read the fast way after all.
    const meters = new AskedMeters(ports.registry);
    await meters.ask(waiting.flatMap((arrived) => likelyMeters(arrived, open(arrived.message))));
    for (const [meterId, meter] of meters.found) index.put(meterId, meter);
    const slow = waiting.filter(
      (arrived) => !readFast(arrived, open(arrived.message), { index, parsers, maxAheadMs, out: readings }),
    );
    // Parsed twice, first for what to ask: of many large messages no two are held parsed at a time.
    const named = slow.map((arrived) => namedMeters(readSlow(arrived, open(arrived.message))));
    await meters.ask(named.flat());
    const registers = await findRegisters(
      ports.registry,
      slow.flatMap(({ kind }, at) => (kind === 'register-reads' ? (named[at] ?? []) : [])),
      meters.found,
    );
    for (const arrived of slow) {
      const { message, kind, ownerId, concentratorId } = arrived;
      const json = readSlow(arrived, open(message));
      if (!json.ok) {
        aside(message, kind, json.reasons);
        continue;
      }
      const judgement: RegisterJudgement = {
        receivedAt: message.receivedAt,
        maxAheadMs,
        ownerId,
        concentratorId,
        registers: (meterNo) => registers.get(meterNo) ?? [],
        meter: (meterId) => meters.found.get(meterId),
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
    // Said only of what is durable.
    await ports.batches?.record(outcomes);
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
  judgement: RegisterJudgement,
  out: { readings: ReadingColumns; reads: RegisterRead[]; events: MeterEvent[] },
): Reason[] {
  switch (kind) {
    case 'interval-readings':
      return validateIntervalReadings(payload, judgement, out.readings);
    case 'interval-columns':
      return validateIntervalColumns(payload, judgement, out.readings);
    case 'register-reads':
      return validateRegisterReads(payload, judgement, out.reads);
    case 'meter-events':
      return validateMeterEvents(payload, judgement, out.events);
  }
}

/** Appends the message's readings if it is a usual one. @returns false: nothing was appended. */
function readFast(
  { message: { receivedAt }, kind, ownerId, concentratorId }: WaitingMessage,
  payload: Payload,
  {
    index,
    parsers,
    maxAheadMs,
    out,
  }: {
    index: MeterIndex;
    parsers: ReturnType<typeof parsersOf>;
    maxAheadMs: number | undefined;
    out: ReadingColumns;
  },
): boolean {
  if (payload.form === 'unreadable') return false;
  if (payload.form === 'avro') {
    // Other kinds come seldom in Avro; other versions than the first, which the parser knows by heart, likewise.
    const { kind: written, version } = payload.schema;
    if (kind !== 'interval-columns' || written !== kind || version !== 1) return false;
    return parsers.columns.parseAvro(payload.bytes, { receivedAt, maxAheadMs, concentratorId }, out);
  }
  if (kind === 'interval-columns') {
    return parsers.columns.parse(payload.bytes, { receivedAt, maxAheadMs, concentratorId }, out);
  }
  // Single readings through a concentrator are unusual.
  if (kind !== 'interval-readings' || concentratorId !== undefined) return false;
  const owner = ownerId === undefined ? undefined : index.get(ownerId);
  if (ownerId !== undefined && owner === undefined) return false;
  return parsers.readings.parse(payload.bytes, { receivedAt, maxAheadMs, owner }, out);
}

/** The whole message as a value, in JSON or Avro. */
function readSlow({ kind }: WaitingMessage, payload: Payload): StrictJson {
  if (payload.form !== 'avro' || payload.schema.kind !== 'interval-columns' || kind !== 'interval-columns') {
    return readPayload(payload, kind);
  }
  const value = decodeIntervalColumns(payload.bytes);
  if (value !== undefined) return { ok: true, value, inexact: new Set() };
  const message = 'the bytes are not a record of the schema';
  return { ok: false, reasons: [{ code: 'INVALID_AVRO', path: '', message }] };
}

/** Answers of the registry within one batch: what it says now of every meter asked for, each asked once. */
class AskedMeters {
  readonly found = new Map<string, RegisteredMeter>();
  readonly #asked = new Set<string>();
  readonly #registry: MeterRegistry;

  constructor(registry: MeterRegistry) {
    this.#registry = registry;
  }

  async ask(meterIds: readonly string[]): Promise<void> {
    const ids = new Set(meterIds.filter((meterId) => !this.#asked.has(meterId)));
    if (ids.size === 0) return;
    for (const [meterId, meter] of await this.#registry.find([...ids])) this.found.set(meterId, meter);
    for (const meterId of ids) this.#asked.add(meterId);
  }
}

const METER_ID = /"meterId"\s*:\s*"([A-Za-z0-9._-]{1,64})"/g;
const METER_LIST = /"meters"\s*:\s*\[([^\]]*)\]/g;
const LISTED_ID = /"([A-Za-z0-9._-]{1,64})"/g;

/** Meters that a payload seems to name, without parsing it as JSON. */
function likelyMeters({ kind, ownerId, ...rest }: WaitingMessage, payload: Payload): string[] {
  if (kind !== 'interval-readings' && kind !== 'interval-columns') return [];
  if (payload.form === 'avro') return namedMeters(readSlow({ kind, ownerId, ...rest }, payload));
  if (payload.form === 'unreadable') return [];
  const text = Buffer.from(payload.bytes).toString('latin1');
  const lists = kind === 'interval-columns' ? [...text.matchAll(METER_LIST)].map(([, list]) => list ?? '') : [text];
  const pattern = kind === 'interval-columns' ? LISTED_ID : METER_ID;
  const ids = lists.flatMap((list) => [...list.matchAll(pattern)].map(([, meterId]) => meterId ?? ''));
  return ownerId === undefined ? ids : [ownerId, ...ids];
}

/** Every meter that a parsed payload names. */
function namedMeters(json: StrictJson): string[] {
  if (!json.ok) return [];
  const messages = Array.isArray(json.value) ? json.value : [json.value];
  return messages.flatMap((message) => {
    if (message === null || typeof message !== 'object' || Array.isArray(message)) return [];
    const named = [message.meterId, ...(Array.isArray(message.meters) ? message.meters : [])];
    // A NUL cannot be asked for in PostgreSQL, and no id of ours is longer.
    return named.filter((id): id is string => typeof id === 'string' && id.length <= 64 && !id.includes('\0'));
  });
}

/** Registers of the meters whose registers were read. */
async function findRegisters(
  registry: MeterRegistry,
  meterIds: readonly string[],
  meters: ReadonlyMap<string, RegisteredMeter>,
): Promise<ReadonlyMap<number, readonly DatedRegister[]>> {
  const meterNos = [...new Set(meterIds)].flatMap((id) => meters.get(id)?.meterNo ?? []);
  return meterNos.length === 0 ? new Map() : registry.registers(meterNos);
}
