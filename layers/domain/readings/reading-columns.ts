import { slotStart } from './calendar-day.ts';

/** What readings that come one after the other share. */
export interface ReadingHead {
  /** Code of the channel. */
  channel: number;
  intervalMinutes: number;
  /** Days since 1970-01-01 UTC. */
  day: number;
  revision: number;
  /** Code of the quality, which is its layer: 3 edited > 2 raw > 1 estimated. */
  quality: number;
  /** Receipt, epoch ms. */
  recordedAt: number;
}

/** One version of one interval's energy. */
export interface ReadingVersion extends ReadingHead {
  meterNo: number;
  /** Index of the interval in its day. */
  slot: number;
  energyWh: number;
}

/** Interval readings as columns below heads: no object per reading between the wire and the store. */
export class ReadingColumns {
  length = 0;
  meterNo: Int32Array;
  slot: Int32Array;
  energyWh: Int32Array;
  /** Each holds from its row up to the next one's; the last to the end. */
  readonly heads: (ReadingHead & { from: number })[] = [];

  constructor(capacity = 1024) {
    this.meterNo = new Int32Array(capacity);
    this.slot = new Int32Array(capacity);
    this.energyWh = new Int32Array(capacity);
  }

  static of(versions: Iterable<ReadingVersion>): ReadingColumns {
    const columns = new ReadingColumns();
    for (const version of versions) columns.push(version);
    return columns;
  }

  /** Says what the readings have in common that are appended from here on. */
  begin({ channel, intervalMinutes, day, revision, quality, recordedAt }: ReadingHead): void {
    const last = this.heads.at(-1);
    const same =
      last !== undefined &&
      last.recordedAt === recordedAt &&
      last.day === day &&
      last.channel === channel &&
      last.intervalMinutes === intervalMinutes &&
      last.revision === revision &&
      last.quality === quality;
    if (same) return;
    if (last?.from === this.length) this.heads.pop();
    this.heads.push({ from: this.length, channel, intervalMinutes, day, revision, quality, recordedAt });
  }

  /** A reading below the head that was begun last. */
  append(meterNo: number, slot: number, energyWh: number): void {
    const at = this.length;
    if (at === this.meterNo.length) this.reserve(at + 1);
    this.meterNo[at] = meterNo;
    this.slot[at] = slot;
    this.energyWh[at] = energyWh;
    this.length = at + 1;
  }

  push(version: ReadingVersion): void {
    this.begin(version);
    this.append(version.meterNo, version.slot, version.energyWh);
  }

  /** Forgets everything from a row on. */
  truncate(length: number): void {
    this.length = length;
    while ((this.heads.at(-1)?.from ?? -1) >= length) this.heads.pop();
  }

  at(index: number): ReadingVersion {
    const { from: _, ...head } = this.heads[this.#headOf(index)] as ReadingHead & { from: number };
    return {
      ...head,
      meterNo: this.meterNo[index] as number,
      slot: this.slot[index] as number,
      energyWh: this.energyWh[index] as number,
    };
  }

  /** Start of the interval at an index, epoch ms. */
  startAt(index: number): number {
    const { day, intervalMinutes } = this.heads[this.#headOf(index)] as ReadingHead;
    return slotStart(day, this.slot[index] as number, intervalMinutes);
  }

  /** The last head that begins at or before a row. */
  #headOf(index: number): number {
    let low = 0;
    let high = this.heads.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.heads[middle] as { from: number }).from <= index) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** Room for so many readings without another allocation. */
  reserve(capacity: number): void {
    if (capacity <= this.meterNo.length) return;
    const room = Math.max(capacity, this.meterNo.length * 2);
    this.meterNo = larger(this.meterNo, room);
    this.slot = larger(this.slot, room);
    this.energyWh = larger(this.energyWh, room);
  }
}

function larger(column: Int32Array, room: number): Int32Array {
  const grown = new Int32Array(room);
  grown.set(column);
  return grown;
}
