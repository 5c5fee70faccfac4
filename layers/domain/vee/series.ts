import { QUALITIES } from '../../contracts/messages/channels.ts';
import type { Period } from '../calendar/local-periods.ts';
import { MINUTE_MS } from '../readings/calendar-day.ts';
import type { StoredInterval } from '../readings/reading-store.ts';

/** Intervals of one meter's channel, without holes: entry i starts at `start` + i intervals. */
export interface IntervalSeries {
  intervalMinutes: number;
  /** Epoch ms; a multiple of the interval. */
  start: number;
  /** NaN where nothing is stored. */
  energyWh: Float64Array;
  /** Code of the stored quality (QUALITIES); 0 where nothing is stored. */
  quality: Uint8Array;
  /** 1: two values in one version. */
  conflict: Uint8Array;
  /** Receipt, epoch ms; NaN where nothing is stored or the receipt is not known. */
  recordedAt: Float64Array;
}

/** Indices [first, end) of a series. */
export interface Span {
  first: number;
  end: number;
}

export const intervalMsOf = (series: IntervalSeries): number => series.intervalMinutes * MINUTE_MS;
export const startAt = (series: IntervalSeries, index: number): number => series.start + index * intervalMsOf(series);

/** Entries that start in a period, cut to the series. */
export function spanOf(series: IntervalSeries, period: Period): Span {
  const at = (timeMs: number) => Math.ceil((timeMs - series.start) / intervalMsOf(series));
  const within = (index: number) => Math.min(Math.max(index, 0), series.quality.length);
  return { first: within(at(period.start)), end: within(at(period.end)) };
}

/** An empty series over [from, to). @param period epoch ms; the series begins at the first interval that starts in it */
export function emptySeries(period: Period, intervalMinutes: number): IntervalSeries {
  const intervalMs = intervalMinutes * MINUTE_MS;
  const start = Math.ceil(period.start / intervalMs) * intervalMs;
  const length = Math.max(0, Math.ceil((period.end - start) / intervalMs));
  return {
    intervalMinutes,
    start,
    energyWh: new Float64Array(length).fill(Number.NaN),
    quality: new Uint8Array(length),
    conflict: new Uint8Array(length),
    recordedAt: new Float64Array(length).fill(Number.NaN),
  };
}

/** Places stored intervals in a series of their length; those outside are left out. */
export function placeIntervals(series: IntervalSeries, intervals: readonly StoredInterval[]): void {
  const intervalMs = intervalMsOf(series);
  for (const interval of intervals) {
    const index = (interval.start - series.start) / intervalMs;
    if (interval.end - interval.start !== intervalMs || series.quality[index] === undefined) continue;
    series.energyWh[index] = interval.energyWh;
    series.quality[index] = interval.quality;
    series.conflict[index] = interval.conflict ? 1 : 0;
    series.recordedAt[index] = interval.recordedAt;
  }
}

/** Whether an entry was measured or edited by a person, and is not in conflict. */
export const isMeasured = (series: IntervalSeries, index: number): boolean =>
  (series.quality[index] ?? 0) >= QUALITIES.raw && series.conflict[index] === 0;

/** Runs of adjacent entries of a span that fulfil a condition. */
export function runsOf(span: Span, matches: (index: number) => boolean): Span[] {
  const runs: Span[] = [];
  for (let index = span.first; index < span.end; index++) {
    if (!matches(index)) continue;
    const last = runs.at(-1);
    if (last?.end === index) last.end = index + 1;
    else runs.push({ first: index, end: index + 1 });
  }
  return runs;
}
