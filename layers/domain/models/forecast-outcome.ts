import type { EntityHistory } from './entity-history.ts';
import type { ForecastOutcome, IssuedForecast } from './forecast-store.ts';

/** A forecast is judged when at least this share of its intervals was read. [proposed] */
const MIN_READ_SHARE = 0.8;

/** How a forecast turned out. @returns undefined while too little of what it said has been read. */
export function outcomeOf(
  { intervals, intervalMinutes }: Pick<IssuedForecast, 'intervals' | 'intervalMinutes'>,
  actual: EntityHistory,
): ForecastOutcome | undefined {
  if (actual.intervalMinutes !== intervalMinutes) return undefined;
  let [error, pinball, within, scale, count] = [0, 0, 0, 0, 0];
  for (const { start, point, quantiles } of intervals) {
    const value = actual.values[Math.round((Date.parse(start) - actual.start) / (intervalMinutes * 60_000))];
    if (value === null || value === undefined) continue;
    const values = quantiles.map((each) => each.value);
    error += Math.abs(value - point);
    for (const each of quantiles)
      pinball +=
        (2 * Math.max(each.level * (value - each.value), (each.level - 1) * (value - each.value))) / quantiles.length;
    within += value >= Math.min(...values) && value <= Math.max(...values) ? 1 : 0;
    scale += Math.abs(value);
    count += 1;
  }
  if (count < MIN_READ_SHARE * intervals.length) return undefined;
  return {
    error: error / count,
    pinball: pinball / count,
    coverage: within / count,
    intervals: count,
    scale: scale / count,
  };
}

/** Days compared, and how much worse the newer must be. [proposed] */
export const DRIFT_DAYS = 7;
export const DRIFT_RATIO = 1.25;
const MIN_OUTCOMES = 20;

/** Whether forecasts have become clearly worse than they were: error in units of load, the last week against the four before. */
export function drift(
  outcomes: readonly { issuedAt: number; outcome: ForecastOutcome }[],
  now: number,
): { drifting: boolean; recent: number | null; baseline: number | null } {
  const boundary = now - DRIFT_DAYS * 86_400_000;
  const relative = (of: typeof outcomes) =>
    of.length < MIN_OUTCOMES
      ? null
      : of.reduce((sum, { outcome }) => sum + outcome.error, 0) /
        of.reduce((sum, { outcome }) => sum + outcome.scale, 0);
  const recent = relative(outcomes.filter(({ issuedAt }) => issuedAt >= boundary));
  const baseline = relative(outcomes.filter(({ issuedAt }) => issuedAt < boundary));
  return { drifting: recent !== null && baseline !== null && recent > DRIFT_RATIO * baseline, recent, baseline };
}
