import { WINDOW_MINUTES, type WindowSize } from '../../contracts/api/windows.ts';
import { localPeriods, type Period } from '../calendar/local-periods.ts';
import { MINUTE_MS } from '../readings/calendar-day.ts';

/** Longer than any local day. */
const OVER_A_DAY_MS = 26 * 3_600_000;

/** Length of a window, ms; of a day its usual one. */
export const windowMs = (size: WindowSize): number => WINDOW_MINUTES[size] * MINUTE_MS;

/**
 * The whole windows that meet [from, to), in order: hours and days of local time, shorter ones on multiples of UTC (every zone
 * is a multiple of 15 minutes away).
 */
export function windowPeriods(range: { from: number; to: number; size: WindowSize; timeZone: string }): Period[] {
  const { from, to, size, timeZone } = range;
  if (size === '1h' || size === '1d') {
    const granularity = size === '1h' ? 'hour' : 'day';
    // Those at the ends are cut, and do not meet the range.
    const around = localPeriods({ from: from - OVER_A_DAY_MS, to: to + OVER_A_DAY_MS, granularity, timeZone });
    return around.filter(({ start, end }) => end > from && start < to);
  }
  const lengthMs = windowMs(size);
  const first = Math.floor(from / lengthMs);
  return Array.from({ length: Math.ceil(to / lengthMs) - first }, (_, index) => ({
    start: (first + index) * lengthMs,
    end: (first + index + 1) * lengthMs,
  }));
}
