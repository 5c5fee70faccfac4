import { BucketBlock, METER_SET_BYTES } from './bucket-block.ts';
import { BUCKET_BITS, DAY_MS, MINUTE_MS, slotsPerDay } from './calendar-day.ts';
import { ColumnReader } from './packed-column.ts';
import type { ReadingVersion } from './reading-columns.ts';

/**
 * What former releases stored, as chunks of deltas: the first one's own deltas (1), and its blocks of one meter and versions,
 * which the migration to blocks of a bucket wrapped (3 and 4); blocks of a bucket's whole day (5). Compaction turns them into
 * blocks, and then none is left.
 */
const FORMER = { chunk: 1, block: 3, version: 4, bucketDay: 5 } as const;

export const isFormer = (format: number): boolean => (Object.values(FORMER) as number[]).includes(format);

/** The readings of a chunk in a former format. @throws RangeError on a short body. */
export function readFormer(body: Uint8Array, place: { bucket: number; day: number }): ReadingVersion[] {
  if (body[0] === FORMER.chunk) return readChunk(body, place);
  if (body[0] === FORMER.bucketDay) return readBucketDay(body, place);
  return body[0] === FORMER.block ? readBlock(body, place.day) : [readVersion(body)];
}

/** Columns that `ColumnWriter` wrote one after the other. */
function columnsOf(reader: ColumnReader, count: number, columns: number): Float64Array[] {
  return Array.from({ length: columns }, () => {
    const column = new Float64Array(count);
    reader.column(column, count);
    return column;
  });
}

const at = (column: ArrayLike<number> | undefined, index: number): number => column?.[index] ?? 0;

function readChunk(body: Uint8Array, { bucket, day }: { bucket: number; day: number }): ReadingVersion[] {
  const reader = new ColumnReader(body.subarray(1));
  const count = reader.uint32();
  const [meter, channel, minutes, slot, energyWh, revision, quality, recordedAt] = columnsOf(reader, count, 8);
  return Array.from({ length: count }, (_, i) => ({
    meterNo: (bucket << BUCKET_BITS) + at(meter, i),
    channel: at(channel, i),
    intervalMinutes: at(minutes, i),
    day,
    slot: at(slot, i),
    energyWh: at(energyWh, i),
    revision: at(revision, i),
    quality: at(quality, i),
    recordedAt: at(recordedAt, i),
  }));
}

/** Meter, channel and interval as PostgreSQL sends them, then the block: a format, a bit for each slot, five columns. */
function readBlock(body: Uint8Array, day: number): ReadingVersion[] {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const key = { meterNo: view.getInt32(1), channel: view.getInt16(5), intervalMinutes: view.getInt16(7), day };
  const reader = new ColumnReader(body.subarray(10));
  const slots = slotsPerDay(key.intervalMinutes);
  const present: number[] = [];
  for (let slot = 0; slot < slots; slot += 8) {
    const bits = reader.byte();
    for (let bit = 0; bit < 8; bit++) if (bits & (1 << bit)) present.push(slot + bit);
  }
  const [energyWh, revision, quality, recordedAt] = columnsOf(reader, present.length, 5);
  return present.map((slot, i) => ({
    ...key,
    slot,
    energyWh: at(energyWh, i),
    revision: at(revision, i),
    quality: at(quality, i),
    recordedAt: at(recordedAt, i),
  }));
}

/** Channel and interval as PostgreSQL sends them, the set of meters, then the block as it still is, but of all slots. */
function readBucketDay(body: Uint8Array, place: { bucket: number; day: number }): ReadingVersion[] {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const key = { ...place, channel: view.getInt16(1), intervalMinutes: view.getInt16(3) };
  const block = new BucketBlock(key);
  const bodyAt = 5 + METER_SET_BYTES;
  block.decode(body.subarray(5, bodyAt), body.subarray(bodyAt), { from: 0, to: block.slots });
  return [...block.days()].flatMap(({ meterNo, block: day }) =>
    Array.from(day.quality, (quality, slot) => ({
      meterNo,
      channel: key.channel,
      intervalMinutes: key.intervalMinutes,
      day: key.day,
      slot,
      energyWh: at(day.energyWh, slot),
      revision: at(day.revision, slot),
      quality,
      recordedAt: at(day.recordedAt, slot),
    })).filter(({ quality }) => quality !== 0),
  );
}

function readVersion(body: Uint8Array): ReadingVersion {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const intervalMinutes = view.getInt16(7);
  const start = view.getFloat64(9);
  const day = Math.floor(start / DAY_MS);
  return {
    meterNo: view.getInt32(1),
    channel: view.getInt16(5),
    intervalMinutes,
    day,
    slot: Math.round((start - day * DAY_MS) / (intervalMinutes * MINUTE_MS)),
    quality: view.getInt16(17),
    revision: view.getInt32(19),
    energyWh: view.getInt32(23),
    recordedAt: Math.round(view.getFloat64(27)),
  };
}
