import type { VeeRuleSettings } from '../../../contracts/vee/settings.ts';
import type { DaySummary } from '../day-summary.ts';
import { type Finding, timesOf } from '../finding.ts';
import { type IntervalSeries, isMeasured } from '../series.ts';

/**
 * Rule 7: the highest interval of a day, when it is far above the third highest and above anything of the weeks before.
 * @param history the days before; those older than `peakDays` are left out
 */
export function spike(
  series: IntervalSeries,
  days: { day: DaySummary; history: readonly DaySummary[] },
  limits: VeeRuleSettings['spike'],
): Finding[] {
  const { day, history } = days;
  let [first, second, third, measured, at] = [-1, -1, -1, 0, -1];
  for (let index = day.span.first; index < day.span.end; index++) {
    if (!isMeasured(series, index)) continue;
    measured += 1;
    const value = series.energyWh[index] as number;
    if (value > first) [first, second, third, at] = [value, first, second, index];
    else if (value > second) [second, third] = [value, second];
    else if (value > third) third = value;
  }
  if (measured < limits.minIntervals || third <= 0) return [];
  const since = day.localDay - limits.peakDays;
  const before = history.filter(({ localDay, peakWh }) => localDay >= since && peakWh > 0);
  const peakWh = Math.max(...before.map((one) => one.peakWh));
  const excess = (first - third) / third;
  if (before.length === 0 || excess <= limits.excessShare || first <= peakWh * limits.peakFactor) return [];
  return [
    { rule: 'SPIKE', ...timesOf(series, { first: at, end: at + 1 }), observed: excess, limit: limits.excessShare },
  ];
}
