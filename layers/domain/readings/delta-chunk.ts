import { BUCKET_BITS, bucketOf } from './calendar-day.ts';
import { ColumnReader, ColumnWriter } from './packed-column.ts';
import type { ReadingColumns } from './reading-columns.ts';

/** First byte of a chunk: its format. */
const CHUNK_FORMAT = 1;

/** Readings of one bucket and day as they arrived: one row of the delta table. */
export interface DeltaChunk {
  bucket: number;
  /** Days since 1970-01-01 UTC. */
  day: number;
  readingCount: number;
  /** Where the chunk's body lies in the batch's bytes. */
  offset: number;
  length: number;
}

/** Splits a batch by bucket and day, in that order (rows lock in key order), and packs each part. */
export function encodeDeltaChunks(batch: ReadingColumns): { chunks: DeltaChunk[]; bodies: Uint8Array } {
  const writer = new ColumnWriter(batch.length * 8 + 256);
  const groups = groupByBucketAndDay(batch);
  const gathered = new Float64Array(batch.length);
  const chunks = groups.map(({ bucket, day, rows }) => {
    const offset = writer.position;
    writer.byte(CHUNK_FORMAT);
    writer.uint32(rows.length);
    const pack = (column: Column) => {
      gather(column, rows, gathered);
      writer.column(gathered, rows.length);
    };
    gather(batch.meterNo, rows, gathered);
    const firstMeterNo = bucket << BUCKET_BITS;
    for (let i = 0; i < rows.length; i++) gathered[i] = (gathered[i] as number) - firstMeterNo;
    writer.column(gathered, rows.length);
    pack(batch.channel);
    pack(batch.intervalMinutes);
    pack(batch.slot);
    pack(batch.energyWh);
    pack(batch.revision);
    pack(batch.quality);
    pack(batch.recordedAt);
    return { bucket, day, readingCount: rows.length, offset, length: writer.position - offset };
  });
  return { chunks, bodies: writer.written() };
}

type Column = Int32Array | Uint16Array | Uint8Array | Float64Array;

/** Collects a part's numbers of one column at the front of `into`. Parts that lie together are copied whole. */
function gather(column: Column, rows: readonly number[], into: Float64Array): void {
  const first = rows[0] as number;
  const last = rows[rows.length - 1] as number;
  if (last - first + 1 === rows.length) {
    into.set(column.subarray(first, last + 1));
    return;
  }
  for (let i = 0; i < rows.length; i++) into[i] = column[rows[i] as number] as number;
}

interface BatchPart {
  bucket: number;
  day: number;
  rows: number[];
}

function groupByBucketAndDay(batch: ReadingColumns): BatchPart[] {
  const groups = new Map<number, BatchPart>();
  let last: BatchPart | undefined;
  for (let row = 0; row < batch.length; row++) {
    const bucket = bucketOf(batch.meterNo[row] as number);
    const day = batch.day[row] as number;
    if (last === undefined || last.bucket !== bucket || last.day !== day) {
      // Days fit 20 bits until the year 4840.
      const key = bucket * 0x100000 + day;
      last = groups.get(key);
      if (last === undefined) {
        last = { bucket, day, rows: [] };
        groups.set(key, last);
      }
    }
    last.rows.push(row);
  }
  return [...groups.values()].sort((a, b) => a.bucket - b.bucket || a.day - b.day);
}

/** Appends a chunk's readings to `into`. @throws RangeError on another format or a short body. */
export function decodeDeltaChunk(
  body: Uint8Array,
  { bucket, day }: { bucket: number; day: number },
  into: ReadingColumns,
): void {
  const reader = new ColumnReader(body);
  const format = reader.byte();
  if (format !== CHUNK_FORMAT) throw new RangeError(`delta chunk of format ${format}`);
  const count = reader.uint32();
  const from = into.length;
  into.reserve(from + count);
  const numbers = new Float64Array(count);
  const firstMeterNo = bucket << BUCKET_BITS;
  for (const column of [
    into.meterNo,
    into.channel,
    into.intervalMinutes,
    into.slot,
    into.energyWh,
    into.revision,
    into.quality,
    into.recordedAt,
  ]) {
    reader.column(numbers, count);
    column.set(numbers, from);
  }
  for (let row = from; row < from + count; row++) {
    into.meterNo[row] = firstMeterNo + (into.meterNo[row] as number);
    into.day[row] = day;
  }
  into.length = from + count;
}
