import { loadFeatures, type Weather } from '../../layers/domain/forecasting/load-features.ts';
import type { ClockOffset } from '../../layers/domain/forecasting/load-grid.ts';
import { toGrid } from '../../layers/domain/forecasting/load-grid.ts';
import { DAY_MS } from '../../layers/domain/readings/calendar-day.ts';
import { SeriesWalk } from '../../models/forecast/series-walk.ts';
import type { ForecastSettings } from '../../models/forecast/settings.ts';
import type { ForecastSet } from './protocol.ts';

/** Days from one growing of the trees to the next; the regressions learn every day. */
const REFIT_DAYS = 14;
/** Windows before the first origin, by whose outcomes members are weighed and bands are set. */
const WINDOWS_BEFORE = 5;

/** A span of days between two growings of the trees. */
export interface Window {
  /** Days since 1970-01-01 by the clock of the origins, [from, to). */
  from: number;
  to: number;
}

export const dayOf = ({ offsetMs }: Pick<ForecastSet, 'offsetMs'>, time: number): number =>
  Math.floor((time + offsetMs) / DAY_MS);

export function windowsOf(set: ForecastSet): Window[] {
  const first = dayOf(set, set.origins[0] as number);
  const last = dayOf(set, set.origins[set.origins.length - 1] as number);
  const windows: Window[] = [];
  for (let from = first - WINDOWS_BEFORE * REFIT_DAYS; from <= last; from += REFIT_DAYS) {
    windows.push({ from, to: Math.min(from + REFIT_DAYS, last + 1) });
  }
  return windows;
}

/** A walk for every series of a set, from the origins' time of day. */
export function walksOf(
  set: ForecastSet,
  weather: Weather,
  issueSlot: number,
  settings: ForecastSettings,
): SeriesWalk[] {
  const offset: ClockOffset = () => set.offsetMs;
  return set.series.map(({ start, values }) => {
    const grid = toGrid(
      { start, stepMs: set.stepMs, values, temperature: set.temperature },
      { offset, days: settings.horizonDays + 1, isHoliday: (day) => set.holidays.has(day) },
    );
    return new SeriesWalk(loadFeatures(grid, weather), issueSlot, settings);
  });
}
