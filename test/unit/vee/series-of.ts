import type { DaySummary } from '../../../layers/domain/vee/day-summary.ts';
import { emptySeries, type IntervalSeries } from '../../../layers/domain/vee/series.ts';

export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;
/** A Monday in UTC. */
export const MONDAY = 15_613;
export const START = MONDAY * DAY_MS;
export const RAW = 2;

/** Measured half hours from the start of the Monday; null is a hole. */
export function seriesOf(values: readonly (number | null)[], start = START): IntervalSeries {
  const series = emptySeries({ start, end: start + (values.length * HOUR_MS) / 2 }, 30);
  values.forEach((value, index) => {
    if (value === null) return;
    series.energyWh[index] = value;
    series.quality[index] = RAW;
  });
  return series;
}

export const repeated = (value: number, times: number): number[] => Array.from({ length: times }, () => value);

/** A validated Monday so many weeks before ours. */
export const mondayBefore = (weeks: number, energyWh: number, peakWh = energyWh / 10): DaySummary => ({
  localDay: MONDAY - 7 * weeks,
  kind: 'working',
  span: { first: 0, end: 48 },
  validated: true,
  energyWh,
  peakWh,
});
