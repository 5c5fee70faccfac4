import type { IntervalColumnsMessage } from '../layers/contracts/messages/interval-columns.ts';
import { withRegistryHeader } from '../layers/domain/messages/payload.ts';
import { encodeIntervalColumns } from '../layers/domain/readings/interval-columns-avro.ts';

/** Stream records (envelopes as the topic rules write them), by batch as one invocation gets them. */
export type Batches = Uint8Array[][];

/** What is stored: the same readings in every form, the same bytes of the first for the baseline. */
export interface Load {
  /** JSON, as meters and head-ends publish it. */
  batches: Batches;
  /** Columnar messages of 256 meters: JSON, and Avro with the registry's header. */
  columns: Batches;
  avro: Batches;
  /** Already stored when the measurement begins. */
  before: Batches;
  /** Readings in `batches`. */
  readings: number;
  /** Energy in Wh by meter and slot, of everything. */
  expected: Int32Array[];
}

export const LOAD_DAY = 15_613;
export const SLOTS = 48;
const RECEIVED_AT = (LOAD_DAY + 2) * 86_400_000;
const READINGS_PER_MESSAGE = 25;
const METER_DAYS_PER_BATCH = 400;
const METERS_PER_COLUMNS = 256;
/** Columnar messages of whole days that make a batch: about as many bytes as the others'. */
const DAY_COLUMNS_PER_BATCH = 8;
/** Of the columnar schema, for the registry's header. */
export const COLUMNS_SCHEMA_ID = '5c0ffee0-0000-4000-8000-000000000001';
/** Between the receipts of two messages, ms. */
const RECEIPT_STEP_MS = 7;

export const meterIdOf = (meter: number): string => `m${String(meter).padStart(6, '0')}`;
const startOf = (slot: number): string =>
  new Date(LOAD_DAY * 86_400_000 + slot * 1_800_000).toISOString().replace('.000Z', 'Z');
const STARTS = Array.from({ length: SLOTS }, (_, slot) => startOf(slot));
const HEAD = { channel: 'activeEnergyImport', unit: 'kWh', intervalMinutes: 30 } as const;

let messages = 0;

/** Each message has a receipt of its own. */
const record = (payload: Uint8Array, kind = 'interval-readings'): Uint8Array =>
  Buffer.from(
    JSON.stringify({
      payload: Buffer.from(payload).toString('base64'),
      topic: `headend/bench/${kind}`,
      clientId: 'bench',
      receivedAt: RECEIVED_AT + (messages++ % 1000) * RECEIPT_STEP_MS,
      traceId: '6f1c0f0e-0000-4000-8000-000000000000',
    }),
  );

const json = (payload: unknown): Uint8Array => Buffer.from(JSON.stringify(payload));

/** Columnar messages of slots [from, to) of every meter. */
function columnsOf(energies: readonly Int32Array[], from: number, to: number): IntervalColumnsMessage[] {
  return chunked([...energies.keys()], METERS_PER_COLUMNS).map((group) => ({
    ...HEAD,
    scale: -3,
    start: STARTS[from] as string,
    intervals: to - from,
    meters: group.map(meterIdOf),
    values: group.flatMap((meter) => [...(energies[meter] as Int32Array).subarray(from, to)]),
  }));
}

const columnsRecord = (message: IntervalColumnsMessage): Uint8Array => record(json(message), 'interval-columns');
const avroRecord = (message: IntervalColumnsMessage): Uint8Array =>
  record(withRegistryHeader(encodeIntervalColumns(message), COLUMNS_SCHEMA_ID), 'interval-columns');

/** Household-like half-hours, Wh: mostly small, now and then a kettle. A seeded generator: the same in every run. */
function energies(meters: number): Int32Array[] {
  let state = 12_345;
  const next = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  return Array.from({ length: meters }, () =>
    Int32Array.from({ length: SLOTS }, () => Math.floor(next() ** 4 * 3000 + next() * 120)),
  );
}

const chunked = <Item>(items: readonly Item[], size: number): Item[][] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));

/**
 * The load in shared memory, which the garbage collector does not count as this process's own: records of a stream are not all
 * there before they arrive, and 200 MB of them would start a collection in every run.
 */
function heldApart(batches: Batches): Batches {
  const bytes = batches.reduce((sum, batch) => batch.reduce((inner, { length }) => inner + length, sum), 0);
  const memory = new SharedArrayBuffer(bytes);
  let at = 0;
  return batches.map((batch) =>
    batch.map((each) => {
      const held = Buffer.from(memory, at, each.length);
      held.set(each);
      at += each.length;
      return held;
    }),
  );
}

/** Whole meter-days: 48 intervals of one meter in one message. */
export function meterDayLoad(meters: number): Load {
  const expected = energies(meters);
  const records = expected.map((day, meter) =>
    record(
      json({
        meterId: meterIdOf(meter),
        ...HEAD,
        intervals: STARTS.map((start, slot) => ({ start, value: (day[slot] as number) / 1000 })),
      }),
    ),
  );
  const columns = columnsOf(expected, 0, SLOTS);
  return {
    batches: heldApart(chunked(records, METER_DAYS_PER_BATCH)),
    columns: heldApart(chunked(columns.map(columnsRecord), DAY_COLUMNS_PER_BATCH)),
    avro: heldApart(chunked(columns.map(avroRecord), DAY_COLUMNS_PER_BATCH)),
    before: [],
    readings: meters * SLOTS,
    expected,
  };
}

/** One interval of every meter per batch, 25 readings per message, into days that hold their first half already. */
export function timeMajorLoad(meters: number, intervals: number): Load {
  const expected = energies(meters).map((day) => day.fill(-1, SLOTS / 2 + intervals));
  const batchOf = (slot: number): Uint8Array[] =>
    chunked([...expected.keys()], READINGS_PER_MESSAGE).map((group) =>
      record(
        json(
          group.map((meter) => ({
            meterId: meterIdOf(meter),
            ...HEAD,
            start: STARTS[slot],
            value: ((expected[meter] as Int32Array)[slot] as number) / 1000,
          })),
        ),
      ),
    );
  const slots = Array.from({ length: SLOTS / 2 + intervals }, (_, slot) => slot);
  return {
    before: heldApart(slots.slice(0, SLOTS / 2).map(batchOf)),
    batches: heldApart(slots.slice(SLOTS / 2).map(batchOf)),
    columns: heldApart(slots.slice(SLOTS / 2).map((slot) => columnsOf(expected, slot, slot + 1).map(columnsRecord))),
    avro: heldApart(slots.slice(SLOTS / 2).map((slot) => columnsOf(expected, slot, slot + 1).map(avroRecord))),
    readings: meters * intervals,
    expected,
  };
}
