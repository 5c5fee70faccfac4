import type { Granularity } from '../../contracts/api/values.ts';
import { zoneOffsetMs } from './zone-offset.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** A half-open span of time, epoch ms. */
export interface Period {
  start: number;
  end: number;
}

/** More than a year of hours; beyond it a caller asks for a coarser granularity or a shorter range. */
export const MAX_PERIODS = 10_000;

const MEAN_PERIOD_MS: Record<Granularity, number> = { hour: HOUR_MS, day: DAY_MS, month: 30 * DAY_MS };

/** Whether a range has so few periods that they may be listed. */
export const fewEnough = (range: { from: number; to: number; granularity: Granularity }): boolean =>
  (range.to - range.from) / MEAN_PERIOD_MS[range.granularity] <= MAX_PERIODS;

/**
 * The local hours, days or months that meet [from, to), in order and without holes, the first and last cut to the range.
 * Days last 23 or 25 hours where clocks change.
 * @param range `from` < `to`, epoch ms; `timeZone` of the IANA database
 */
export function localPeriods(range: {
  from: number;
  to: number;
  granularity: Granularity;
  timeZone: string;
}): Period[] {
  const periods: Period[] = [];
  let start = range.from;
  while (start < range.to) {
    const end = Math.min(nextBoundary(range.granularity, range.timeZone, start), range.to);
    periods.push({ start, end });
    start = end;
  }
  return periods;
}

/** The first instant after `timeMs` at which a local hour, day or month begins. */
function nextBoundary(granularity: Granularity, timeZone: string, timeMs: number): number {
  const localMs = timeMs + zoneOffsetMs(timeZone, timeMs);
  if (granularity === 'hour') return timeMs + HOUR_MS - (((localMs % HOUR_MS) + HOUR_MS) % HOUR_MS);
  const local = new Date(localMs);
  const [year, month, day] = [local.getUTCFullYear(), local.getUTCMonth(), local.getUTCDate()];
  return localMidnight(timeZone, granularity === 'day' ? Date.UTC(year, month, day + 1) : Date.UTC(year, month + 1, 1));
}

/**
 * The first instant of a local date. Where the clocks skip midnight the date begins when they have skipped.
 * @param dateMs the date's midnight as if it were UTC
 */
export function localMidnight(timeZone: string, dateMs: number): number {
  const before = zoneOffsetMs(timeZone, dateMs - DAY_MS);
  const after = zoneOffsetMs(timeZone, dateMs + DAY_MS);
  for (const offset of [before, after]) {
    if (zoneOffsetMs(timeZone, dateMs - offset) === offset) return dateMs - offset;
  }
  let tooEarly = dateMs - Math.max(before, after);
  let reached = dateMs - Math.min(before, after);
  while (reached - tooEarly > 1) {
    const middle = Math.floor((tooEarly + reached) / 2);
    if (middle + zoneOffsetMs(timeZone, middle) >= dateMs) reached = middle;
    else tooEarly = middle;
  }
  return reached;
}
