import type { DayBlock } from './day-block.ts';
import type { ReadingColumns } from './reading-columns.ts';

/** One day of one meter's channel: the winners of block and deltas together. */
export interface MeterDay {
  meterNo: number;
  channel: number;
  /** Days since 1970-01-01 UTC. */
  day: number;
  block: DayBlock;
}

/** One interval as it stands (or stood at `asOf`). */
export interface StoredInterval {
  /** Epoch ms; the interval is [start, end). */
  start: number;
  end: number;
  energyWh: number;
  /** Code of the quality. */
  quality: number;
  revision: number;
  /** Earliest receipt of this version, epoch ms. */
  recordedAt: number;
  /** Another value with the same layer and revision exists. */
  conflict: boolean;
}

export interface CompactionReport {
  /** Bucket-days merged, readings moved, and whether more wait. */
  bucketDays: number;
  readings: number;
  versions: number;
  more: boolean;
}

/** Where interval readings live. Writing the same readings again, in any order or split, leaves the same state. */
export interface ReadingStore {
  /** Durable once resolved. What is a block's worth by itself may become one at once. */
  appendDeltas(batch: ReadingColumns): Promise<void>;
  /**
   * Merges deltas into blocks, a transaction per bucket and day; others may run at the same time. Bucket-days that hold little
   * and are young may wait (`everything` takes them too). Stops taking new ones after `budgetMs`.
   */
  compact(options?: { everything?: boolean; budgetMs?: number }): Promise<CompactionReport>;
  /** Winners of [from, to) by start, in order; with `asOf` as known at that instant: versions received later are left out. */
  readIntervals(query: {
    meterNo: number;
    channel: number;
    from: number;
    to: number;
    asOf?: number;
  }): Promise<StoredInterval[]>;
  /** Winners of whole days [fromDay, toDay) of many meters; days with nothing are absent. In no order. */
  readMany(query: {
    meterNos: readonly number[];
    channel: number;
    fromDay: number;
    toDay: number;
  }): Promise<MeterDay[]>;
}
