import { indexAt, startOfIndex, startOfLocalDay } from './calendar.ts';
import { type MeterColumn, SOURCE_INTERVALS, SOURCE_START_MS } from './data/source.ts';

const DAY_MS = 86_400_000;
const WEEK_MS = 7 * DAY_MS;
const DAY_INTERVALS = 48;
const LOADED_DAYS = 35;
/** How long the data should still last after the moment it is shifted to. */
const AHEAD_DAYS = 180;

/** What part of the source is replayed, and where on the clock. */
export interface ReplayPlan {
  kind: 'live' | 'bounded';
  /** Half hours of the source. */
  from: number;
  end: number;
  /** Added to source times. Whole weeks, so that weekdays stay weekdays; 0 when bounded. */
  shiftMs: number;
  /** Indexes at which a message must end at the latest (local midnights); empty when any cut will do. */
  cuts: number[];
}

/** The saved choice of `.local/fleet/shift.json`. */
export interface Shift {
  weeks: number;
  from: number;
}

/**
 * Chooses the weeks between the source and the present: the most meters in service from 35 days before to 180 days after,
 * and among equals the nearest season.
 * @param now epoch ms
 */
export function chooseShift(meters: readonly MeterColumn[], now: number): Shift {
  const yearMs = 365.25 * DAY_MS;
  let best: { weeks: number; serving: number; offSeason: number } | undefined;
  const newest = Math.floor((now - SOURCE_START_MS) / WEEK_MS);
  const oldest = Math.floor((now - startOfIndex(SOURCE_INTERVALS)) / WEEK_MS);
  for (let weeks = oldest; weeks <= newest; weeks++) {
    const at = indexAt(now - weeks * WEEK_MS);
    const [start, end] = [at - LOADED_DAYS * DAY_INTERVALS, at + AHEAD_DAYS * DAY_INTERVALS];
    if (start < 0 || end > SOURCE_INTERVALS) continue;
    const serving = meters.filter((meter) => meter.first <= start && meter.end >= end).length;
    const phase = ((weeks * WEEK_MS) % yearMs) / yearMs;
    const offSeason = Math.min(phase, 1 - phase);
    const better = !best || serving > best.serving || (serving === best.serving && offSeason < best.offSeason);
    if (better) best = { weeks, serving, offSeason };
  }
  if (!best) throw new Error('the source is too short for a live replay');
  return { weeks: best.weeks, from: indexAt(now - best.weeks * WEEK_MS) - LOADED_DAYS * DAY_INTERVALS };
}

export function livePlan({ weeks, from }: Shift): ReplayPlan {
  return { kind: 'live', from, end: SOURCE_INTERVALS, shiftMs: weeks * WEEK_MS, cuts: [] };
}

/** Local days of Australia/Sydney at their own dates. @throws Error for days outside the source */
export function boundedPlan(from: string, days: number): ReplayPlan {
  const starts = Array.from({ length: days + 1 }, (_, n) => indexAt(startOfLocalDay(from, n)));
  const [first = 0, end = 0] = [starts[0], starts.at(-1)];
  if (days < 1 || end <= 0 || first >= SOURCE_INTERVALS)
    throw new Error(`there are no readings of ${from} + ${days} days`);
  return {
    kind: 'bounded',
    from: Math.max(0, first),
    end: Math.min(end, SOURCE_INTERVALS),
    shiftMs: 0,
    cuts: starts.slice(1),
  };
}
