import { bucketOf, DAY_MS, MINUTE_MS } from '../../domain/readings/calendar-day.ts';
import { type DayBlock, decodeBlock, emptyBlock, mergeReading } from '../../domain/readings/day-block.ts';
import { decodeDeltaChunk } from '../../domain/readings/delta-chunk.ts';
import { ReadingColumns, type ReadingVersion } from '../../domain/readings/reading-columns.ts';
import type { MeterDay } from '../../domain/readings/reading-store.ts';

/**
 * Rows come back as one bytea, each row with its length: parsing thousands of text rows costs more than merging them.
 * Numbers are big-endian, as PostgreSQL's `int4send` and kin write them.
 */
export const PACKED_BLOCKS = `string_agg(int4send(meter_no) || int2send(channel) || int2send(interval_minutes)
  || int4send(day) || int4send(octet_length(body)) || body, ''::bytea)`;
export const PACKED_DELTAS = `string_agg(int4send(bucket) || int4send(day)
  || int4send(octet_length(body)) || body, ''::bytea)`;
export const PACKED_VERSIONS = `string_agg(int4send(meter_no) || int2send(channel) || int2send(interval_minutes)
  || float8send(extract(epoch FROM interval_start) * 1000) || int2send(quality) || int4send(revision)
  || int4send(energy_wh) || float8send(extract(epoch FROM recorded_at) * 1000), ''::bytea)`;

const VERSION_BYTES = 34;

/** One number per block of a day: the meter in its bucket, channel and interval. */
const blockKey = (meterNo: number, channel: number, intervalMinutes: number, day: number): string =>
  `${day}/${meterNo}/${channel}/${intervalMinutes}`;

const keyInPart = (meterNo: number, channel: number, intervalMinutes: number): number =>
  ((meterNo & 255) << 16) | (channel << 8) | intervalMinutes;

export interface StoredBlock {
  meterNo: number;
  channel: number;
  intervalMinutes: number;
  day: number;
  body: Uint8Array;
}

export function* unpackBlocks(rows: Uint8Array): Generator<StoredBlock> {
  const view = new DataView(rows.buffer, rows.byteOffset, rows.byteLength);
  for (let at = 0; at < rows.length; ) {
    const length = view.getInt32(at + 12);
    yield {
      meterNo: view.getInt32(at),
      channel: view.getInt16(at + 4),
      intervalMinutes: view.getInt16(at + 6),
      day: view.getInt32(at + 8),
      body: rows.subarray(at + 16, at + 16 + length),
    };
    at += 16 + length;
  }
}

/** Readings of all delta rows, in one batch. */
export function unpackDeltas(rows: Uint8Array): ReadingColumns {
  const view = new DataView(rows.buffer, rows.byteOffset, rows.byteLength);
  const readings = new ReadingColumns();
  for (let at = 0; at < rows.length; ) {
    const length = view.getInt32(at + 8);
    const key = { bucket: view.getInt32(at), day: view.getInt32(at + 4) };
    decodeDeltaChunk(rows.subarray(at + 12, at + 12 + length), key, readings);
    at += 12 + length;
  }
  return readings;
}

export function unpackVersions(rows: Uint8Array): ReadingVersion[] {
  const view = new DataView(rows.buffer, rows.byteOffset, rows.byteLength);
  return Array.from({ length: rows.length / VERSION_BYTES }, (_, i) => {
    const at = i * VERSION_BYTES;
    const intervalMinutes = view.getInt16(at + 6);
    const start = Math.round(view.getFloat64(at + 8));
    const day = Math.floor(start / DAY_MS);
    return {
      meterNo: view.getInt32(at),
      channel: view.getInt16(at + 4),
      intervalMinutes,
      day,
      slot: (start - day * DAY_MS) / (intervalMinutes * MINUTE_MS),
      quality: view.getInt16(at + 16),
      revision: view.getInt32(at + 18),
      energyWh: view.getInt32(at + 22),
      recordedAt: Math.round(view.getFloat64(at + 26)),
    };
  });
}

/** Blocks and deltas together, of the wanted meters and channel. */
export function mergeMeterDays(rows: {
  blocks: Uint8Array;
  deltas: Uint8Array;
  wanted: { meterNos: ReadonlySet<number>; channel: number };
}): { days: MeterDay[]; superseded: ReadingVersion[] } {
  const days = new Map<string, MeterDay>();
  for (const { meterNo, channel, intervalMinutes, day, body } of unpackBlocks(rows.blocks)) {
    const block = decodeBlock(body, intervalMinutes);
    days.set(blockKey(meterNo, channel, intervalMinutes, day), { meterNo, channel, day, block });
  }
  const readings = unpackDeltas(rows.deltas);
  const superseded = new ReadingColumns(16);
  for (let row = 0; row < readings.length; row++) {
    const meterNo = readings.meterNo[row] as number;
    const channel = readings.channel[row] as number;
    if (channel !== rows.wanted.channel || !rows.wanted.meterNos.has(meterNo)) continue;
    const day = readings.day[row] as number;
    const intervalMinutes = readings.intervalMinutes[row] as number;
    const key = blockKey(meterNo, channel, intervalMinutes, day);
    let meterDay = days.get(key);
    if (!meterDay) {
      meterDay = { meterNo, channel, day, block: emptyBlock(intervalMinutes) };
      days.set(key, meterDay);
    }
    mergeReading(meterDay.block, readings, row, superseded);
  }
  return {
    days: [...days.values()],
    superseded: Array.from({ length: superseded.length }, (_, row) => superseded.at(row)),
  };
}

interface MergedBlock {
  key: Omit<StoredBlock, 'body'>;
  block: DayBlock;
  /** Body as stored; undefined: a new block. */
  before: Uint8Array | undefined;
}

/** Blocks of some buckets and days while deltas are merged into them. */
export class MergedBlocks {
  /** By bucket and day, then by meter in the bucket, channel and interval as one small integer, which a Map finds fastest. */
  readonly #parts = new Map<string, Map<number, MergedBlock>>();
  #part: Map<number, MergedBlock> = new Map();
  #partBucket = -1;
  #partDay = Number.NaN;

  constructor(blocks: Uint8Array) {
    for (const { body, ...key } of unpackBlocks(blocks)) {
      const block = decodeBlock(body, key.intervalMinutes);
      this.#partOf(key.meterNo, key.day).set(keyInPart(key.meterNo, key.channel, key.intervalMinutes), {
        key,
        block,
        before: body,
      });
    }
  }

  #partOf(meterNo: number, day: number): Map<number, MergedBlock> {
    const bucket = bucketOf(meterNo);
    if (bucket === this.#partBucket && day === this.#partDay) return this.#part;
    const name = `${bucket}/${day}`;
    const part = this.#parts.get(name) ?? new Map<number, MergedBlock>();
    this.#parts.set(name, part);
    this.#part = part;
    this.#partBucket = bucket;
    this.#partDay = day;
    return part;
  }

  merge(readings: ReadingColumns): ReadingColumns {
    const superseded = new ReadingColumns(16);
    for (let row = 0; row < readings.length; row++) {
      const meterNo = readings.meterNo[row] as number;
      const channel = readings.channel[row] as number;
      const intervalMinutes = readings.intervalMinutes[row] as number;
      const day = readings.day[row] as number;
      const part = this.#partOf(meterNo, day);
      const number = keyInPart(meterNo, channel, intervalMinutes);
      let entry = part.get(number);
      if (!entry) {
        const key = { meterNo, channel, intervalMinutes, day };
        entry = { key, block: emptyBlock(intervalMinutes), before: undefined };
        part.set(number, entry);
      }
      mergeReading(entry.block, readings, row, superseded);
    }
    return superseded;
  }

  /** Entries in key order, so that concurrent writers lock rows in one order. */
  entries() {
    return [...this.#parts.values()]
      .flatMap((part) => [...part.values()])
      .sort(
        (a, b) =>
          a.key.day - b.key.day ||
          a.key.meterNo - b.key.meterNo ||
          a.key.channel - b.key.channel ||
          a.key.intervalMinutes - b.key.intervalMinutes,
      );
  }
}
