import { slotStart } from './calendar-day.ts';

/** One version of one interval's energy. */
export interface ReadingVersion {
  meterNo: number;
  /** Code of the channel. */
  channel: number;
  intervalMinutes: number;
  /** Days since 1970-01-01 UTC. */
  day: number;
  /** Index of the interval in its day. */
  slot: number;
  energyWh: number;
  revision: number;
  /** Code of the quality, which is its layer: 3 edited > 2 raw > 1 estimated. */
  quality: number;
  /** Receipt, epoch ms. */
  recordedAt: number;
}

/** Interval readings as columns: no object per reading between the wire and the store. */
export class ReadingColumns {
  length = 0;
  meterNo: Int32Array;
  channel: Uint8Array;
  intervalMinutes: Uint8Array;
  day: Int32Array;
  slot: Uint16Array;
  energyWh: Int32Array;
  revision: Int32Array;
  quality: Uint8Array;
  recordedAt: Float64Array;

  constructor(capacity = 1024) {
    this.meterNo = new Int32Array(capacity);
    this.channel = new Uint8Array(capacity);
    this.intervalMinutes = new Uint8Array(capacity);
    this.day = new Int32Array(capacity);
    this.slot = new Uint16Array(capacity);
    this.energyWh = new Int32Array(capacity);
    this.revision = new Int32Array(capacity);
    this.quality = new Uint8Array(capacity);
    this.recordedAt = new Float64Array(capacity);
  }

  static of(versions: Iterable<ReadingVersion>): ReadingColumns {
    const columns = new ReadingColumns();
    for (const version of versions) columns.push(version);
    return columns;
  }

  push(version: ReadingVersion): void {
    const at = this.length;
    this.reserve(at + 1);
    this.meterNo[at] = version.meterNo;
    this.channel[at] = version.channel;
    this.intervalMinutes[at] = version.intervalMinutes;
    this.day[at] = version.day;
    this.slot[at] = version.slot;
    this.energyWh[at] = version.energyWh;
    this.revision[at] = version.revision;
    this.quality[at] = version.quality;
    this.recordedAt[at] = version.recordedAt;
    this.length = at + 1;
  }

  at(index: number): ReadingVersion {
    return {
      meterNo: this.meterNo[index] as number,
      channel: this.channel[index] as number,
      intervalMinutes: this.intervalMinutes[index] as number,
      day: this.day[index] as number,
      slot: this.slot[index] as number,
      energyWh: this.energyWh[index] as number,
      revision: this.revision[index] as number,
      quality: this.quality[index] as number,
      recordedAt: this.recordedAt[index] as number,
    };
  }

  /** Start of the interval at an index, epoch ms. */
  startAt(index: number): number {
    return slotStart(this.day[index] as number, this.slot[index] as number, this.intervalMinutes[index] as number);
  }

  /** Room for so many readings without another allocation. */
  reserve(capacity: number): void {
    if (capacity <= this.meterNo.length) return;
    const larger = new ReadingColumns(Math.max(capacity, this.meterNo.length * 2));
    larger.meterNo.set(this.meterNo);
    larger.channel.set(this.channel);
    larger.intervalMinutes.set(this.intervalMinutes);
    larger.day.set(this.day);
    larger.slot.set(this.slot);
    larger.energyWh.set(this.energyWh);
    larger.revision.set(this.revision);
    larger.quality.set(this.quality);
    larger.recordedAt.set(this.recordedAt);
    const { length } = this;
    Object.assign(this, larger, { length });
  }
}
