/** UTC days and the slots of intervals in them. Local days exist only in queries. */
export const MINUTE_MS = 60_000;
export const DAY_MS = 86_400_000;
const MINUTES_PER_DAY = 1440;

/** Days since 1970-01-01 UTC of an instant, epoch ms. */
export const dayOf = (timeMs: number): number => Math.floor(timeMs / DAY_MS);

/** Slots of a UTC day at an interval length, minutes. */
export const slotsPerDay = (intervalMinutes: number): number => MINUTES_PER_DAY / intervalMinutes;

/** Start of a slot, epoch ms. */
export const slotStart = (day: number, slot: number, intervalMinutes: number): number =>
  day * DAY_MS + slot * intervalMinutes * MINUTE_MS;

/** 256 meters share a bucket: what one compaction locks and one delta row holds. */
export const BUCKET_BITS = 8;
export const bucketOf = (meterNo: number): number => meterNo >> BUCKET_BITS;

/**
 * A day of a bucket is stored in parts of four hours: a quarter-hour's compactions then write new parts, none twice. Every
 * interval length divides it.
 */
export const PARTS_PER_DAY = 6;
export const WHOLE_DAY_PARTS = (1 << PARTS_PER_DAY) - 1;

/** Slots [from, to) of a part. @param slots of the day */
export const slotsOfPart = (part: number, slots: number): { from: number; to: number } => ({
  from: (part * slots) / PARTS_PER_DAY,
  to: ((part + 1) * slots) / PARTS_PER_DAY,
});

/** A bit for each part between two slots, both included. @param slots of the day */
export function partsBetween(first: number, last: number, slots: number): number {
  const part = (slot: number) => Math.floor((slot * PARTS_PER_DAY) / slots);
  return (1 << (part(last) + 1)) - (1 << part(first));
}
