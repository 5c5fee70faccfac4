import { BUCKET_BITS, slotsOfPart, slotsPerDay } from './calendar-day.ts';
import type { DayBlock } from './day-block.ts';
import { ColumnReader, type ColumnWriter } from './packed-column.ts';
import type { ReadingColumns, ReadingVersion } from './reading-columns.ts';

/** First byte of a block: its format. */
const BLOCK_FORMAT = 2;
const METERS = 1 << BUCKET_BITS;
const METER_MASK = METERS - 1;
/** Bytes of the set of meters in a block: a bit for each, the first meter's the lowest of the first byte. */
export const METER_SET_BYTES = METERS / 8;
/** Set in a cell's state when another value with the winner's layer and revision exists. The rest of it is the quality. */
const CONFLICT = 0x80;

/** How the states of the cells are packed. */
const STATES = { same: 0, presence: 1, each: 2 } as const;

export interface BucketKey {
  bucket: number;
  /** Days since 1970-01-01 UTC. */
  day: number;
  channel: number;
  intervalMinutes: number;
}

/** Readings that share everything but meter, slot and energy, as a delta holds them. */
export interface DeltaSection {
  revision: number;
  /** Code of the quality. */
  quality: number;
  /** Receipt, epoch ms. */
  recordedAt: number;
  from: number;
  to: number;
}

/** Cells of a delta: number of the meter (or its index in the bucket), slot, energy in Wh. */
export interface DeltaCells {
  meter: Int32Array;
  slot: Int32Array;
  energyWh: Int32Array;
}

/** What a packed part of a block consists of: a head that all records share, then a record of fixed length for each meter. */
export interface PackedBlock {
  headBytes: number;
  recordBytes: number;
  /** Valid until the writer's next write. */
  body: Uint8Array;
}

/**
 * The winning versions of a bucket's meters, one channel and UTC day, a row of slots for each meter that has any. It is kept
 * in arrays and reused: merging thousands of readings makes no object.
 */
export class BucketBlock {
  key: BucketKey;
  slots: number;
  #rowOf = new Int16Array(METERS).fill(-1);
  #rows = 0;
  /** 0: nothing in this cell; else the quality, with `CONFLICT` where it applies. */
  #state = new Uint8Array(0);
  #energyWh = new Int32Array(0);
  #revision = new Int32Array(0);
  /** Index of the earliest receipt in `#receipts`. */
  #receipt = new Int32Array(0);
  #receipts: number[] = [];
  readonly #receiptNo = new Map<number, number>();

  constructor(key: BucketKey) {
    this.key = key;
    this.slots = slotsPerDay(key.intervalMinutes);
  }

  /** Empties it for another key. */
  reset(key: BucketKey): void {
    const used = this.#rows * this.slots;
    this.#state.fill(0, 0, used);
    this.#energyWh.fill(0, 0, used);
    this.#revision.fill(0, 0, used);
    this.#receipt.fill(0, 0, used);
    this.#rowOf.fill(-1);
    this.#rows = 0;
    this.#receipts = [];
    this.#receiptNo.clear();
    this.key = key;
    this.slots = slotsPerDay(key.intervalMinutes);
  }

  #newRow(meter: number): number {
    const row = this.#rows++;
    const cells = this.#rows * this.slots;
    if (cells > this.#state.length) {
      const capacity = Math.min(Math.max(cells, this.#state.length * 2), METERS * this.slots);
      this.#state = larger(this.#state, new Uint8Array(capacity));
      this.#energyWh = larger(this.#energyWh, new Int32Array(capacity));
      this.#revision = larger(this.#revision, new Int32Array(capacity));
      this.#receipt = larger(this.#receipt, new Int32Array(capacity));
    }
    this.#rowOf[meter] = row;
    return row;
  }

  #noOfReceipt(recordedAt: number): number {
    const known = this.#receiptNo.get(recordedAt);
    if (known !== undefined) return known;
    this.#receiptNo.set(recordedAt, this.#receipts.length);
    return this.#receipts.push(recordedAt) - 1;
  }

  /**
   * Merges a section of a delta of the block's own key. Layers first (edited > raw > estimated), then the revision; equal in
   * both with another value is a conflict, and the larger value (energies are never negative, so also the larger in byte order)
   * wins. Of equal content the earliest receipt counts. Every version that loses is appended to `superseded`. Any order,
   * repetition or split of the readings gives the same block and the same set of superseded versions.
   */
  merge(cells: DeltaCells, section: DeltaSection, superseded: ReadingColumns): void {
    const { meter, slot, energyWh } = cells;
    const { slots } = this;
    const { quality, revision } = section;
    const receipt = this.#noOfReceipt(section.recordedAt);
    let states = this.#state;
    let energies = this.#energyWh;
    let last = -1;
    let row = 0;
    for (let i = section.from; i < section.to; i++) {
      const number = meter[i] as number;
      if (number !== last) {
        last = number;
        row = this.#rowOf[number & METER_MASK] as number;
        if (row < 0) row = this.#newRow(number & METER_MASK);
        states = this.#state;
        energies = this.#energyWh;
        row *= slots;
      }
      const cell = row + (slot[i] as number);
      if (states[cell] !== 0) {
        this.#mergeRival(cells, section, { index: i, cell, receipt }, superseded);
        continue;
      }
      states[cell] = quality;
      energies[cell] = energyWh[i] as number;
      // An empty cell's are 0.
      if (revision !== 0) this.#revision[cell] = revision;
      if (receipt !== 0) this.#receipt[cell] = receipt;
    }
  }

  #mergeRival(
    cells: DeltaCells,
    section: DeltaSection,
    { index, cell, receipt }: { index: number; cell: number; receipt: number },
    superseded: ReadingColumns,
  ): void {
    const state = this.#state[cell] as number;
    const kept = state & ~CONFLICT;
    const keptWh = this.#energyWh[cell] as number;
    const energyWh = cells.energyWh[index] as number;
    const rank = section.quality - kept || section.revision - (this.#revision[cell] as number);
    if (rank === 0 && energyWh === keptWh) {
      const keptAt = this.#receipts[this.#receipt[cell] as number] as number;
      if (section.recordedAt < keptAt) this.#receipt[cell] = receipt;
      return;
    }
    const meter = (cells.meter[index] as number) & METER_MASK;
    const slot = cells.slot[index] as number;
    const wins = rank > 0 || (rank === 0 && energyWh > keptWh);
    const { quality, revision, recordedAt } = section;
    superseded.push(
      wins ? this.#version(meter, slot) : { ...this.#at(meter, slot), energyWh, quality, revision, recordedAt },
    );
    if (wins) {
      this.#energyWh[cell] = energyWh;
      this.#revision[cell] = revision;
      this.#receipt[cell] = receipt;
    }
    const conflict = rank === 0 || (rank < 0 && state & CONFLICT) ? CONFLICT : 0;
    this.#state[cell] = (wins ? quality : kept) | conflict;
  }

  #at(meter: number, slot: number) {
    const { bucket, day, channel, intervalMinutes } = this.key;
    return { meterNo: (bucket << BUCKET_BITS) | meter, channel, intervalMinutes, day, slot };
  }

  #version(meter: number, slot: number): ReadingVersion {
    const cell = (this.#rowOf[meter] as number) * this.slots + slot;
    return {
      ...this.#at(meter, slot),
      energyWh: this.#energyWh[cell] as number,
      revision: this.#revision[cell] as number,
      quality: (this.#state[cell] as number) & ~CONFLICT,
      recordedAt: this.#receipts[this.#receipt[cell] as number] as number,
    };
  }

  /** Where a meter's cells begin in `states` and `energyWh`, one for each slot; -1: it has none. */
  cellsOf(meter: number): number {
    const row = this.#rowOf[meter] as number;
    return row < 0 ? -1 : row * this.slots;
  }

  /** Quality and conflict flag by cell; 0: no reading. */
  get states(): Uint8Array {
    return this.#state;
  }

  get energyWh(): Int32Array {
    return this.#energyWh;
  }

  /** Days of the meters that have any, in their order. */
  *days(): Generator<{ meterNo: number; block: DayBlock }> {
    for (let meter = 0; meter < METERS; meter++) {
      const row = this.#rowOf[meter] as number;
      if (row < 0) continue;
      yield { meterNo: (this.key.bucket << BUCKET_BITS) | meter, block: this.#day(row) };
    }
  }

  #day(row: number): DayBlock {
    const { slots } = this;
    const from = row * slots;
    const quality = new Uint8Array(slots);
    const conflict = new Uint8Array(slots);
    const recordedAt = new Float64Array(slots);
    const states = this.#state;
    const receipt = this.#receipt;
    const receipts = this.#receipts;
    for (let slot = 0; slot < slots; slot++) {
      const state = states[from + slot] as number;
      if (state === 0) continue;
      quality[slot] = state & ~CONFLICT;
      conflict[slot] = state >> 7;
      recordedAt[slot] = receipts[receipt[from + slot] as number] as number;
    }
    return {
      intervalMinutes: this.key.intervalMinutes,
      quality,
      energyWh: this.#energyWh.subarray(from, from + slots),
      revision: this.#revision.subarray(from, from + slots),
      recordedAt,
      conflict,
    };
  }

  /** Packs a part of the day: what all records share, then a record for each meter. Equal parts give equal bytes. */
  encode(writer: ColumnWriter, part: number): PackedBlock {
    const start = writer.position;
    const range = slotsOfPart(part, this.slots);
    const rows = this.#rowsWithin(range).map(({ row }) => row);
    let mostWh = 0;
    let mostRevision = 0;
    let absent = 0;
    let states = 0;
    let all = 0xff;
    const receiptUsed = new Uint8Array(this.#receipts.length);
    const cellState = this.#state;
    const energies = this.#energyWh;
    const revisions = this.#revision;
    const cellReceipt = this.#receipt;
    for (const row of rows) {
      const to = row * this.slots + range.to;
      for (let cell = row * this.slots + range.from; cell < to; cell++) {
        const state = cellState[cell] as number;
        if (state === 0) {
          absent++;
          continue;
        }
        states |= state;
        all &= state;
        if ((energies[cell] as number) > mostWh) mostWh = energies[cell] as number;
        if ((revisions[cell] as number) > mostRevision) mostRevision = revisions[cell] as number;
        receiptUsed[cellReceipt[cell] as number] = 1;
      }
    }
    const packing = states !== all ? STATES.each : absent > 0 ? STATES.presence : STATES.same;
    const receipts = this.#receipts.filter((_, no) => receiptUsed[no] === 1).sort((a, b) => a - b);
    const widths = [widthOf(mostWh), widthOf(receipts.length - 1), widthOf(mostRevision)] as const;
    for (const octet of [BLOCK_FORMAT, packing, packing === STATES.each ? 0 : states, ...widths]) writer.byte(octet);
    writer.uint32(receipts.length);
    writer.column(Float64Array.from(receipts), receipts.length);
    const headBytes = writer.position - start;
    const packedNo = new Int32Array(this.#receipts.length);
    for (const [place, recordedAt] of receipts.entries()) packedNo[this.#receiptNo.get(recordedAt) as number] = place;
    for (const row of rows) this.#encodeRecord(writer, { row, ...range }, { packing, widths, packedNo });
    const recordBytes = rows.length === 0 ? 0 : (writer.position - start - headBytes) / rows.length;
    return { headBytes, recordBytes, body: writer.written(start) };
  }

  #encodeRecord(
    writer: ColumnWriter,
    cells: { row: number; from: number; to: number },
    {
      packing,
      widths: [energyWidth, receiptWidth, revisionWidth],
      packedNo,
    }: { packing: number; widths: readonly [number, number, number]; packedNo: Int32Array },
  ): void {
    const from = cells.row * this.slots + cells.from;
    const to = cells.row * this.slots + cells.to;
    const states = this.#state;
    const receipts = this.#receipt;
    if (packing === STATES.each) writer.bytes(states.subarray(from, to));
    if (packing === STATES.presence) {
      for (let cell = from; cell < to; cell += 8) {
        let bits = 0;
        for (let bit = 0; bit < 8 && cell + bit < to; bit++) if (states[cell + bit] !== 0) bits |= 1 << bit;
        writer.byte(bits);
      }
    }
    writer.unsigned(this.#energyWh, { from, to, width: energyWidth });
    if (receiptWidth > 0) {
      const numbers = scratch(to - from);
      for (let cell = from; cell < to; cell++) {
        numbers[cell - from] = states[cell] === 0 ? 0 : (packedNo[receipts[cell] as number] as number);
      }
      writer.unsigned(numbers, { from: 0, to: to - from, width: receiptWidth });
    }
    if (revisionWidth > 0) writer.unsigned(this.#revision, { from, to, width: revisionWidth });
  }

  /** Meters that have a reading in the slots, in their order. */
  #rowsWithin({ from, to }: { from: number; to: number }): { meter: number; row: number }[] {
    const found: { meter: number; row: number }[] = [];
    for (let meter = 0; meter < METERS; meter++) {
      const row = this.#rowOf[meter] as number;
      if (row < 0) continue;
      let cell = row * this.slots + from;
      const end = row * this.slots + to;
      while (cell < end && this.#state[cell] === 0) cell++;
      if (cell < end) found.push({ meter, row });
    }
    return found;
  }

  /** The meters that have a record in a part of the day, in their order. */
  meterSet(part: number): Uint8Array {
    const set = new Uint8Array(METER_SET_BYTES);
    for (const { meter } of this.#rowsWithin(slotsOfPart(part, this.slots))) {
      set[meter >> 3] = (set[meter >> 3] as number) | (1 << (meter & 7));
    }
    return set;
  }

  /**
   * Takes packed slots of the day, which hold nothing here. The body may lack records, if the set of meters lacks their meters
   * too.
   * @param cells `from` and `to`: which slots; `only` energies: states and energies, for a block that is read, not merged
   * @throws RangeError on another format or a short body.
   */
  decode(
    meterSet: Uint8Array,
    body: Uint8Array,
    { from: fromSlot, to: toSlot, only }: { from: number; to: number; only?: 'energies' | undefined },
  ): void {
    const reader = new ColumnReader(body);
    const format = reader.byte();
    if (format !== BLOCK_FORMAT) throw new RangeError(`reading block of format ${format}`);
    const packing = reader.byte();
    const shared = reader.byte();
    const energyWidth = reader.byte();
    const receiptWidth = reader.byte();
    const revisionWidth = reader.byte();
    const receipts = new Float64Array(reader.uint32());
    reader.column(receipts, receipts.length);
    const count = toSlot - fromSlot;
    const numbers = only === 'energies' ? [] : Array.from(receipts, (recordedAt) => this.#noOfReceipt(recordedAt));
    const unread = count * (receiptWidth + revisionWidth);
    for (let meter = 0; meter < METERS; meter++) {
      if (((meterSet[meter >> 3] as number) & (1 << (meter & 7))) === 0) continue;
      const known = this.#rowOf[meter] as number;
      const from = (known < 0 ? this.#newRow(meter) : known) * this.slots + fromSlot;
      const to = from + count;
      if (packing === STATES.same) this.#state.fill(shared, from, to);
      else if (packing === STATES.each) this.#state.set(reader.bytes(count), from);
      else {
        for (let slot = 0; slot < count; slot += 8) {
          const bits = reader.byte();
          for (let bit = 0; bit < 8; bit++) if (bits & (1 << bit)) this.#state[from + slot + bit] = shared;
        }
      }
      reader.unsigned(this.#energyWh, { from, to, width: energyWidth });
      if (only === 'energies') {
        reader.position += unread;
        continue;
      }
      reader.unsigned(this.#receipt, { from, to, width: receiptWidth });
      for (let cell = from; cell < to; cell++) this.#receipt[cell] = numbers[this.#receipt[cell] as number] as number;
      reader.unsigned(this.#revision, { from, to, width: revisionWidth });
    }
  }
}

/** Bytes that hold whole numbers up to `most`; 0: all are zero. */
const widthOf = (most: number): number => (most <= 0 ? 0 : most < 0x100 ? 1 : most < 0x10000 ? 2 : 4);

function larger<Column extends Uint8Array | Int32Array>(column: Column, room: Column): Column {
  room.set(column);
  return room;
}

let numbers = new Int32Array(96);
function scratch(count: number): Int32Array {
  if (numbers.length < count) numbers = new Int32Array(count);
  return numbers;
}
