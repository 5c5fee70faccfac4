import { type BatchPart, type BatchSection, partsOf } from './batch-parts.ts';
import type { BucketKey, DeltaCells, DeltaSection } from './bucket-block.ts';
import { BUCKET_BITS, bucketOf, partsBetween, slotsPerDay } from './calendar-day.ts';
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
  /** A bit for each part of the day that it may have readings of. */
  parts: number;
  /** Where the chunk's body lies in the batch's bytes. */
  offset: number;
  length: number;
}

/**
 * Packs parts of a batch, each by itself: sections of readings that share all but meter, slot and energy, then those three as
 * columns.
 */
export function encodeDeltaChunks(
  batch: ReadingColumns,
  parts: readonly BatchPart[] = partsOf(batch),
): { chunks: DeltaChunk[]; bodies: Uint8Array } {
  const writer = new ColumnWriter(batch.length * 5 + 1024);
  const most = parts.reduce((sum, { readings }) => Math.max(sum, readings), 0);
  const columns = { meter: new Int32Array(most), slot: new Int32Array(most), energyWh: new Int32Array(most) };
  const chunks = parts.map(({ bucket, day, readings, sections }) => {
    const offset = writer.position;
    writer.byte(CHUNK_FORMAT);
    writer.uint32(readings);
    writeSections(sections, writer);
    const touched = gather(batch, sections, columns);
    writer.unsigned(columns.meter, { from: 0, to: readings, width: 1 });
    writeColumn(writer, columns.slot, readings);
    writeColumn(writer, columns.energyWh, readings);
    return { bucket, day, readingCount: readings, parts: touched, offset, length: writer.position - offset };
  });
  return { chunks, bodies: writer.written() };
}

/** Collects a part's readings in its order. @returns a bit for each part of the day that they lie in, or between */
function gather(
  { meterNo, slot, energyWh }: ReadingColumns,
  sections: readonly BatchSection[],
  into: { meter: Int32Array; slot: Int32Array; energyWh: Int32Array },
): number {
  const { meter, slot: slots, energyWh: energies } = into;
  let at = 0;
  let parts = 0;
  for (const { from, to, intervalMinutes } of sections) {
    let first = slot[from] as number;
    let last = first;
    for (let row = from; row < to; row++, at++) {
      meter[at] = (meterNo[row] as number) & METER_MASK;
      const cell = slot[row] as number;
      if (cell < first) first = cell;
      else if (cell > last) last = cell;
      slots[at] = cell;
      energies[at] = energyWh[row] as number;
    }
    parts |= partsBetween(first, last, slotsPerDay(intervalMinutes));
  }
  return parts;
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
function writeSections(sections: readonly BatchSection[], writer: ColumnWriter): void {
  writer.uint32(sections.length);
  let end = 0;
  for (const { from, to, channel, intervalMinutes, quality, revision, recordedAt } of sections) {
    end += to - from;
    writer.uint32(end);
    writer.byte(channel);
    writer.byte(intervalMinutes);
    writer.byte(quality);
    writer.uint32(revision);
    writer.float64(recordedAt);
  }
}

/** A chunk, unpacked; its arrays are reused by the next one. */
export class DeltaChunkReader implements DeltaCells {
  meter = new Int32Array(0);
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
      this.meter = new Int32Array(count);
      this.slot = new Int32Array(count);
      this.energyWh = new Int32Array(count);
    }
    reader.unsigned(this.meter, { from: 0, to: count, width: 1 });
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
    this.meter = Int32Array.from(versions, ({ meterNo }) => meterNo & METER_MASK);
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
