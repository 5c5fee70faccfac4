import type { DeltaSection } from './bucket-block.ts';
import { BUCKET_BITS, bucketOf, slotsPerDay } from './calendar-day.ts';
import type { ReadingColumns } from './reading-columns.ts';

/** From so many readings of a bucket's day on, writing its blocks pays: 16 intervals of 256 meters. [proposed] */
export const WORTH_READINGS = 4096;

/** Rows [from, to) of a batch that share all but meter, slot and energy. */
export interface BatchSection extends DeltaSection {
  /** Code of the channel. */
  channel: number;
  intervalMinutes: number;
}

/** What a batch has of one bucket and day: its sections in the order they came. */
export interface BatchPart {
  bucket: number;
  /** Days since 1970-01-01 UTC. */
  day: number;
  readings: number;
  sections: BatchSection[];
}

/**
 * Whether a part fills the blocks of its bucket's day, up to an eighth: then they are written once and hardly ever again, where
 * a half would be written over by the next. [proposed]
 */
export function isWholeDay({ readings, sections }: BatchPart): boolean {
  if (readings < WORTH_READINGS) return false;
  const keys = new Map(sections.map((each) => [each.channel * 0x100 + each.intervalMinutes, each.intervalMinutes]));
  const cells = [...keys.values()].reduce((sum, minutes) => sum + (slotsPerDay(minutes) << BUCKET_BITS), 0);
  return readings >= (cells * 7) / 8;
}

/** Splits a batch by bucket and day, in that order: rows lock in key order. */
export function partsOf(batch: ReadingColumns): BatchPart[] {
  const { meterNo, heads, length } = batch;
  const parts = new Map<number, BatchPart>();
  for (const [no, { from: start, day, ...head }] of heads.entries()) {
    const end = heads[no + 1]?.from ?? length;
    for (let from = start; from < end; ) {
      const bucket = bucketOf(meterNo[from] as number);
      let to = from + 1;
      while (to < end && bucketOf(meterNo[to] as number) === bucket) to++;
      // Days fit 20 bits until the year 4840.
      const key = bucket * 0x100000 + day;
      let part = parts.get(key);
      if (!part) {
        part = { bucket, day, readings: 0, sections: [] };
        parts.set(key, part);
      }
      part.sections.push({ ...head, from, to });
      part.readings += to - from;
      from = to;
    }
  }
  return [...parts.values()].sort((a, b) => a.bucket - b.bucket || a.day - b.day);
}
