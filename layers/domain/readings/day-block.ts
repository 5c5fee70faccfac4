import { slotsPerDay } from './calendar-day.ts';
import { ColumnReader, ColumnWriter } from './packed-column.ts';
import type { ReadingColumns } from './reading-columns.ts';

/** First byte of a block: its format. */
const BLOCK_FORMAT = 1;

/** The winning versions of one meter, channel and UTC day, by slot. */
export interface DayBlock {
  intervalMinutes: number;
  /** Code of the quality; 0: no reading in this slot. */
  quality: Uint8Array;
  energyWh: Int32Array;
  revision: Int32Array;
  /** Earliest receipt of the winner, epoch ms. */
  recordedAt: Float64Array;
  /** 1: another value with the winner's layer and revision exists; billing is held. */
  conflict: Uint8Array;
}

/** Blocks are made by the thousand and die together: many share one allocation. Bytes; a multiple of 8. */
const SLAB_BYTES = 256 * 1024;
const BYTES_PER_SLOT = 8 + 4 + 4 + 1 + 1;
let slab = new ArrayBuffer(0);
let slabUsed = 0;

export function emptyBlock(intervalMinutes: number): DayBlock {
  const slots = slotsPerDay(intervalMinutes);
  const bytes = (slots * BYTES_PER_SLOT + 7) & ~7;
  if (slabUsed + bytes > slab.byteLength) {
    slab = new ArrayBuffer(Math.max(SLAB_BYTES, bytes));
    slabUsed = 0;
  }
  const at = slabUsed;
  slabUsed += bytes;
  return {
    intervalMinutes,
    quality: new Uint8Array(slab, at + slots * 16, slots),
    energyWh: new Int32Array(slab, at + slots * 8, slots),
    revision: new Int32Array(slab, at + slots * 12, slots),
    recordedAt: new Float64Array(slab, at, slots),
    conflict: new Uint8Array(slab, at + slots * 17, slots),
  };
}

/**
 * Merges one reading of the block's own meter, channel and day. Layers first (edited > raw > estimated), then the revision;
 * equal in both with another value is a conflict, and the larger value (energies are never negative, so also the larger in
 * byte order) wins. Of equal content the earliest receipt counts. Every version that loses is appended to `superseded`.
 * Any order, repetition or split of the readings gives the same block and the same set of superseded versions.
 */
export function mergeReading(block: DayBlock, readings: ReadingColumns, row: number, superseded: ReadingColumns): void {
  const slot = readings.slot[row] as number;
  const quality = readings.quality[row] as number;
  const kept = block.quality[slot] as number;
  if (kept === 0) {
    place(block, slot, readings, row);
    return;
  }
  const energyWh = readings.energyWh[row] as number;
  const rank = quality - kept || (readings.revision[row] as number) - (block.revision[slot] as number);
  if (rank === 0 && energyWh === block.energyWh[slot]) {
    const recordedAt = readings.recordedAt[row] as number;
    if (recordedAt < (block.recordedAt[slot] as number)) block.recordedAt[slot] = recordedAt;
    return;
  }
  if (rank > 0 || (rank === 0 && energyWh > (block.energyWh[slot] as number))) {
    superseded.push({
      ...readings.at(row),
      energyWh: block.energyWh[slot] as number,
      revision: block.revision[slot] as number,
      quality: kept,
      recordedAt: block.recordedAt[slot] as number,
    });
    place(block, slot, readings, row);
  } else {
    superseded.push(readings.at(row));
  }
  if (rank === 0) block.conflict[slot] = 1;
  else if (rank > 0) block.conflict[slot] = 0;
}

function place(block: DayBlock, slot: number, readings: ReadingColumns, row: number): void {
  block.quality[slot] = readings.quality[row] as number;
  block.energyWh[slot] = readings.energyWh[row] as number;
  block.revision[slot] = readings.revision[row] as number;
  block.recordedAt[slot] = readings.recordedAt[row] as number;
}

const present = new Uint16Array(1440);
const gathered = new Float64Array(1440);

/** Packs a block: format, presence bits, then the columns of the slots that are present. Equal blocks give equal bytes. */
export function encodeBlock(block: DayBlock, writer = new ColumnWriter(512)): Uint8Array {
  const start = writer.position;
  const slots = block.quality.length;
  writer.byte(BLOCK_FORMAT);
  let count = 0;
  for (let slot = 0; slot < slots; slot += 8) {
    let bits = 0;
    for (let bit = 0; bit < 8 && slot + bit < slots; bit++) {
      if (block.quality[slot + bit] === 0) continue;
      bits |= 1 << bit;
      present[count++] = slot + bit;
    }
    writer.byte(bits);
  }
  // A loop for each column, not one for all: each then knows its array's type, and its loop stays simple.
  const { energyWh, revision, quality, recordedAt, conflict } = block;
  for (let i = 0; i < count; i++) gathered[i] = energyWh[present[i] as number] as number;
  writer.column(gathered, count);
  for (let i = 0; i < count; i++) gathered[i] = revision[present[i] as number] as number;
  writer.column(gathered, count);
  for (let i = 0; i < count; i++) gathered[i] = quality[present[i] as number] as number;
  writer.column(gathered, count);
  for (let i = 0; i < count; i++) gathered[i] = recordedAt[present[i] as number] as number;
  writer.column(gathered, count);
  for (let i = 0; i < count; i++) gathered[i] = conflict[present[i] as number] as number;
  writer.column(gathered, count);
  return writer.written(start);
}

/** Unpacks a block. @throws RangeError on another format or a short body. */
export function decodeBlock(body: Uint8Array, intervalMinutes: number): DayBlock {
  const reader = new ColumnReader(body);
  const format = reader.byte();
  if (format !== BLOCK_FORMAT) throw new RangeError(`reading block of format ${format}`);
  const block = emptyBlock(intervalMinutes);
  const slots = block.quality.length;
  let count = 0;
  for (let slot = 0; slot < slots; slot += 8) {
    const bits = reader.byte();
    for (let bit = 0; bit < 8; bit++) if (bits & (1 << bit)) present[count++] = slot + bit;
  }
  const { energyWh, revision, quality, recordedAt, conflict } = block;
  reader.column(gathered, count);
  for (let i = 0; i < count; i++) energyWh[present[i] as number] = gathered[i] as number;
  reader.column(gathered, count);
  for (let i = 0; i < count; i++) revision[present[i] as number] = gathered[i] as number;
  reader.column(gathered, count);
  for (let i = 0; i < count; i++) quality[present[i] as number] = gathered[i] as number;
  reader.column(gathered, count);
  for (let i = 0; i < count; i++) recordedAt[present[i] as number] = gathered[i] as number;
  reader.column(gathered, count);
  for (let i = 0; i < count; i++) conflict[present[i] as number] = gathered[i] as number;
  return block;
}
