import type { VeeRuleSettings } from '../../../contracts/vee/settings.ts';
import type { DaySummary } from '../day-summary.ts';
import { type Finding, timesOf } from '../finding.ts';
import type { IntervalSeries } from '../series.ts';

/**
 * Rule 9: a whole day far above or below the mean of its like days, and also beyond the most extreme day of the weeks before:
 * the second day of an absence is no news.
 * @param days `likeDays`: validated days of the same kind before it; `recent`: of any kind
 */
export function highLow(
  series: IntervalSeries,
  days: { day: DaySummary; likeDays: readonly DaySummary[]; recent: readonly DaySummary[] },
  limits: VeeRuleSettings['highLow'],
): Finding[] {
  const { day, likeDays, recent } = days;
  if (!day.validated || likeDays.length < limits.minLikeDays) return [];
  const mean = likeDays.reduce((sum, { energyWh }) => sum + energyWh, 0) / likeDays.length;
  if (mean < limits.minMeanWh) return [];
  const observed = day.energyWh / mean;
  const energies = [...likeDays, ...recent].map(({ energyWh }) => energyWh);
  const high =
    observed > limits.highFactor && day.energyWh > Math.max(...energies) * limits.beyondFactor && limits.highFactor;
  const low =
    observed < limits.lowFactor && day.energyWh * limits.beyondFactor < Math.min(...energies) && limits.lowFactor;
  const limit = high || low;
  return limit ? [{ rule: 'HIGH_LOW', ...timesOf(series, day.span), observed, limit }] : [];
}
