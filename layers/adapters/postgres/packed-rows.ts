import { BucketBlock, type BucketKey, METER_SET_BYTES } from '../../domain/readings/bucket-block.ts';
import { BUCKET_BITS, bucketOf, DAY_MS, MINUTE_MS, slotsOfPart } from '../../domain/readings/calendar-day.ts';
import { DeltaChunkReader } from '../../domain/readings/delta-chunk.ts';
import { ReadingColumns, type ReadingVersion } from '../../domain/readings/reading-columns.ts';
import type { MeterDay } from '../../domain/readings/reading-store.ts';

/**
 * Rows come back as one bytea, each row with its length: parsing thousands of text rows costs more than merging them.
 * Numbers are big-endian, as PostgreSQL's `int4send` and kin write them.
 */
const KEY = 'int4send(bucket) || int4send(day) || int2send(channel) || int2send(interval_minutes) || int2send(part)';
export const PACKED_BLOCKS = `string_agg(${KEY} || meters || int4send(octet_length(body)) || body, ''::bytea)`;
export const PACKED_DELTAS = `string_agg(int4send(bucket) || int4send(day)
  || int4send(octet_length(body)) || body, ''::bytea)`;
export const PACKED_VERSIONS = `string_agg(int4send(meter_no) || int2send(channel) || int2send(interval_minutes)
  || float8send(extract(epoch FROM interval_start) * 1000) || int2send(quality) || int4send(revision)
  || int4send(energy_wh) || float8send(extract(epoch FROM recorded_at) * 1000), ''::bytea)`;

// The records before a meter's own: as many as there are meters before it in the set.
const RECORDS_BEFORE = `bit_count(substring(meters FROM 1 FOR (meter_no & 255) >> 3))
  + bit_count((get_byte(meters, (meter_no & 255) >> 3) & ((1 << (meter_no & 7)) - 1))::bit(8))`;
const NO_METERS = `'\\x${'00'.repeat(METER_SET_BYTES)}'::bytea`;

/** From so many meters of a block on it is read whole. [proposed] */
export const RECORDS_OF_A_BLOCK = 16;

/** Of a block joined with `meter_no`: the head and that meter's record alone, so that the rest is not even read from disk. */
export const ONE_RECORD = {
  meters: `set_bit(${NO_METERS}, meter_no & 255, 1)`,
  body: `substring(body FROM 1 FOR head_bytes)
    || substring(body FROM (head_bytes + record_bytes * (${RECORDS_BEFORE}) + 1)::int FOR record_bytes)`,
};
export const PACKED_RECORDS = `string_agg(${KEY} || ${ONE_RECORD.meters} || int4send(head_bytes + record_bytes)
  || ${ONE_RECORD.body}, ''::bytea)`;

const KEY_BYTES = 14;
const VERSION_BYTES = 34;

export interface StoredBlock {
  key: BucketKey;
  /** Of the day. */
  part: number;
  meterSet: Uint8Array;
  body: Uint8Array;
}

export function unpackBlocks(rows: Uint8Array): StoredBlock[] {
  const view = new DataView(rows.buffer, rows.byteOffset, rows.byteLength);
  const blocks: StoredBlock[] = [];
  for (let at = 0; at < rows.length; ) {
    const key = {
      bucket: view.getInt32(at),
      day: view.getInt32(at + 4),
      channel: view.getInt16(at + 8),
      intervalMinutes: view.getInt16(at + 10),
    };
    const part = view.getInt16(at + 12);
    const lengthAt = at + KEY_BYTES + METER_SET_BYTES;
    const bodyAt = lengthAt + 4;
    at = bodyAt + view.getInt32(lengthAt);
    blocks.push({
      key,
      part,
      meterSet: rows.subarray(bodyAt - 4 - METER_SET_BYTES, lengthAt),
      body: rows.subarray(bodyAt, at),
    });
  }
  return blocks;
}

export interface StoredDelta {
  bucket: number;
  day: number;
  body: Uint8Array;
}

export function unpackDeltas(rows: Uint8Array): StoredDelta[] {
  const view = new DataView(rows.buffer, rows.byteOffset, rows.byteLength);
  const deltas: StoredDelta[] = [];
  for (let at = 0; at < rows.length; ) {
    const bodyAt = at + 12;
    const end = bodyAt + view.getInt32(at + 8);
    deltas.push({ bucket: view.getInt32(at), day: view.getInt32(at + 4), body: rows.subarray(bodyAt, end) });
    at = end;
  }
  return deltas;
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

/** Blocks by key, made when first asked for. */
export class OpenBlocks {
  readonly #blocks = new Map<string, BucketBlock>();
  readonly #spare: BucketBlock[];
  #last: BucketBlock | undefined;

  /** @param spare blocks that are not needed any more, to be used again */
  constructor(spare: BucketBlock[] = []) {
    this.#spare = spare;
  }

  at(key: BucketKey): BucketBlock {
    if (this.#last !== undefined && sameKey(this.#last.key, key)) return this.#last;
    const name = `${key.day}/${key.bucket}/${key.channel}/${key.intervalMinutes}`;
    let block = this.#blocks.get(name);
    if (block === undefined) {
      block = this.#spare.pop() ?? new BucketBlock(key);
      block.reset(key);
      this.#blocks.set(name, block);
    }
    this.#last = block;
    return block;
  }

  /** Unpacks a stored part of a day into its block. */
  take({ key, part, meterSet, body }: StoredBlock, only?: 'energies'): void {
    const block = this.at(key);
    block.decode(meterSet, body, { ...slotsOfPart(part, block.slots), only });
  }

  /** In key order, so that concurrent writers lock rows in one order. */
  inOrder(): BucketBlock[] {
    return [...this.#blocks.values()].sort(
      ({ key: a }, { key: b }) =>
        a.day - b.day || a.bucket - b.bucket || a.channel - b.channel || a.intervalMinutes - b.intervalMinutes,
    );
  }
}

const sameKey = (a: BucketKey, b: BucketKey): boolean =>
  a.bucket === b.bucket && a.day === b.day && a.channel === b.channel && a.intervalMinutes === b.intervalMinutes;

/** Blocks and deltas together, of the wanted meters and channel. */
export function mergeMeterDays(rows: {
  blocks: Uint8Array;
  deltas: Uint8Array;
  wanted: { meterNos: ReadonlySet<number>; channel: number };
}): { days: MeterDay[]; superseded: ReadingVersion[] } {
  const { meterNos, channel } = rows.wanted;
  const open = new OpenBlocks();
  for (const block of unpackBlocks(rows.blocks)) open.take(block);
  const superseded = new ReadingColumns(16);
  const reader = new DeltaChunkReader();
  for (const { body, ...place } of unpackDeltas(rows.deltas)) {
    const firstMeterNo = place.bucket << BUCKET_BITS;
    reader.read(body, place, (key, section) => {
      if (key.channel !== channel) return;
      const isWanted = (index: number) => meterNos.has(firstMeterNo + (reader.meter[index] as number));
      for (let from = section.from; from < section.to; from++) {
        if (!isWanted(from)) continue;
        let to = from + 1;
        while (to < section.to && isWanted(to)) to++;
        open.at(key).merge(reader, { ...section, from, to }, superseded);
        from = to;
      }
    });
  }
  return {
    days: open
      .inOrder()
      .flatMap((each) =>
        [...each.days()]
          .filter(({ meterNo }) => meterNos.has(meterNo))
          .map(({ meterNo, block }) => ({ meterNo, channel, day: each.key.day, block })),
      ),
    superseded: Array.from({ length: superseded.length }, (_, row) => superseded.at(row)),
  };
}

export const bucketsOf = (meterNos: readonly number[]): number[] => [...new Set(meterNos.map(bucketOf))];
