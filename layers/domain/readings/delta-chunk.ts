import type { BucketKey, DeltaCells, DeltaSection } from './bucket-block.ts';
import { BUCKET_BITS, bucketOf } from './calendar-day.ts';
import { isFormer, readFormer } from './former-chunk.ts';
import { ColumnReader, ColumnWriter } from './packed-column.ts';
import type { ReadingColumns, ReadingVersion } from './reading-columns.ts';

/** First byte of a chunk: its format. */
const CHUNK_FORMAT = 2;
const SECTION_BYTES = 19;

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

/**
 * Splits a batch by bucket and day, in that order (rows lock in key order), and packs each part: sections of readings that
 * share all but meter, slot and energy, then those three as columns.
 */
export function encodeDeltaChunks(batch: ReadingColumns): { chunks: DeltaChunk[]; bodies: Uint8Array } {
  const writer = new ColumnWriter(batch.length * 5 + 1024);
  const { groups, order } = groupByBucketAndDay(batch);
  const most = groups.reduce((sum, { to, from }) => Math.max(sum, to - from), 0);
  const columns = { meter: new Int32Array(most), slot: new Int32Array(most), energyWh: new Int32Array(most) };
  const chunks = groups.map(({ bucket, day, from, to }) => {
    const offset = writer.position;
    const count = to - from;
    writer.byte(CHUNK_FORMAT);
    writer.uint32(count);
    const rows = order.subarray(from, to);
    writeSections(batch, rows, writer);
    gather(batch, rows, columns);
    writer.unsigned(columns.meter, { from: 0, to: count, width: 1 });
    writeColumn(writer, columns.slot, count);
    writeColumn(writer, columns.energyWh, count);
    return { bucket, day, readingCount: count, offset, length: writer.position - offset };
  });
  return { chunks, bodies: writer.written() };
}

/** Collects a part's readings in its order. */
function gather(
  { meterNo, slot, energyWh }: ReadingColumns,
  rows: Int32Array,
  into: { meter: Int32Array; slot: Int32Array; energyWh: Int32Array },
): void {
  const { meter, slot: slots, energyWh: energies } = into;
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i] as number;
    meter[i] = (meterNo[row] as number) & METER_MASK;
    slots[i] = slot[row] as number;
    energies[i] = energyWh[row] as number;
  }
}

/** Width and numbers; width 0: they are all the one that follows (one interval of many meters: its slot). */
function writeColumn(writer: ColumnWriter, column: Int32Array, count: number): void {
  let least = 0x7fffffff;
  let most = 0;
  for (let i = 0; i < count; i++) {
    const number = column[i] as number;
    if (number > most) most = number;
    if (number < least) least = number;
  }
  const width = least === most ? 0 : most < 0x100 ? 1 : most < 0x10000 ? 2 : 4;
  writer.byte(width);
  if (width === 0) writer.uint32(least);
  else writer.unsigned(column, { from: 0, to: count, width });
}

const METER_MASK = (1 << BUCKET_BITS) - 1;

/** The section table: count, then where each ends and what its readings share. */
function writeSections(batch: ReadingColumns, rows: Int32Array, writer: ColumnWriter): void {
  const { channel, intervalMinutes, quality, revision, recordedAt } = batch;
  const ends: number[] = [];
  for (let i = 1; i < rows.length; i++) {
    const row = rows[i] as number;
    const before = rows[i - 1] as number;
    const same =
      recordedAt[row] === recordedAt[before] &&
      revision[row] === revision[before] &&
      quality[row] === quality[before] &&
      channel[row] === channel[before] &&
      intervalMinutes[row] === intervalMinutes[before];
    if (!same) ends.push(i);
  }
  ends.push(rows.length);
  writer.uint32(ends.length);
  for (const end of ends) {
    const row = rows[end - 1] as number;
    writer.uint32(end);
    writer.byte(channel[row] as number);
    writer.byte(intervalMinutes[row] as number);
    writer.byte(quality[row] as number);
    writer.uint32(revision[row] as number);
    writer.float64(recordedAt[row] as number);
  }
}

interface BatchPart {
  bucket: number;
  day: number;
  /** Its rows are `order[from, to)`. */
  from: number;
  to: number;
}

/** A counting sort: rows keep their order within a part. */
function groupByBucketAndDay(batch: ReadingColumns): { groups: BatchPart[]; order: Int32Array } {
  const { length, meterNo, day } = batch;
  const found = new Map<number, number>();
  const parts: { bucket: number; day: number; count: number; next: number }[] = [];
  const partOf = new Int32Array(length);
  let last = -1;
  let lastBucket = -1;
  let lastDay = Number.NaN;
  for (let row = 0; row < length; row++) {
    const bucket = bucketOf(meterNo[row] as number);
    const rowDay = day[row] as number;
    if (bucket !== lastBucket || rowDay !== lastDay) {
      // Days fit 20 bits until the year 4840.
      const key = bucket * 0x100000 + rowDay;
      last = found.get(key) ?? -1;
      if (last < 0) {
        last = parts.push({ bucket, day: rowDay, count: 0, next: 0 }) - 1;
        found.set(key, last);
      }
      lastBucket = bucket;
      lastDay = rowDay;
    }
    partOf[row] = last;
    (parts[last] as { count: number }).count++;
  }
  let at = 0;
  const sorted = [...parts].sort((a, b) => a.bucket - b.bucket || a.day - b.day);
  for (const part of sorted) {
    part.next = at;
    at += part.count;
  }
  const order = new Int32Array(length);
  for (let row = 0; row < length; row++) {
    const part = parts[partOf[row] as number] as { next: number };
    order[part.next++] = row;
  }
  const groups = sorted.map(({ bucket, day: partDay, count, next }) => ({
    bucket,
    day: partDay,
    from: next - count,
    to: next,
  }));
  return { groups, order };
}

/** A chunk, unpacked; its arrays are reused by the next one. */
export class DeltaChunkReader implements DeltaCells {
  meter: Uint8Array = new Uint8Array(0);
  slot = new Int32Array(0);
  energyWh = new Int32Array(0);

  /** Unpacks a body and hands over each section with its key. @throws RangeError on another format or a short body. */
  read(
    body: Uint8Array,
    { bucket, day }: { bucket: number; day: number },
    take: (key: BucketKey, section: DeltaSection) => void,
  ): number {
    const reader = new ColumnReader(body);
    const format = reader.byte();
    if (isFormer(format)) return this.#take(readFormer(body, { bucket, day }), take);
    if (format !== CHUNK_FORMAT) throw new RangeError(`delta chunk of format ${format}`);
    const count = reader.uint32();
    const sections = reader.uint32();
    const table = new ColumnReader(reader.bytes(sections * SECTION_BYTES));
    if (this.slot.length < count) {
      this.slot = new Int32Array(count);
      this.energyWh = new Int32Array(count);
    }
    this.meter = reader.bytes(count);
    for (const column of [this.slot, this.energyWh]) {
      const width = reader.byte();
      if (width === 0) column.fill(reader.uint32(), 0, count);
      else reader.unsigned(column, { from: 0, to: count, width });
    }
    for (let from = 0; from < count; ) {
      const to = table.uint32();
      const channel = table.byte();
      const intervalMinutes = table.byte();
      const quality = table.byte();
      const revision = table.uint32();
      const recordedAt = table.float64();
      take({ bucket, day, channel, intervalMinutes }, { revision, quality, recordedAt, from, to });
      from = to;
    }
    return count;
  }

  /** Readings of a former format, each a section of its own. */
  #take(versions: readonly ReadingVersion[], take: (key: BucketKey, section: DeltaSection) => void): number {
    this.meter = Uint8Array.from(versions, ({ meterNo }) => meterNo & METER_MASK);
    this.slot = Int32Array.from(versions, ({ slot }) => slot);
    this.energyWh = Int32Array.from(versions, ({ energyWh }) => energyWh);
    for (const [from, { meterNo, day, channel, intervalMinutes, ...shared }] of versions.entries()) {
      const { revision, quality, recordedAt } = shared;
      take(
        { bucket: bucketOf(meterNo), day, channel, intervalMinutes },
        { revision, quality, recordedAt, from, to: from + 1 },
      );
    }
    return versions.length;
  }
}
