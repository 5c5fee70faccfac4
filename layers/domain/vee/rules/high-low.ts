import type { VeeRuleSettings } from '../../../contracts/vee/settings.ts';
import type { DaySummary } from '../day-summary.ts';
import { type Finding, timesOf } from '../finding.ts';
import type { IntervalSeries } from '../series.ts';

/**
 * Rule 9: a whole day far above or below the mean of its like days, and also beyond the most extreme of them.
 * @param days `likeDays`: validated days of the same kind before it
 */
export function highLow(
  series: IntervalSeries,
  days: { day: DaySummary; likeDays: readonly DaySummary[] },
  limits: VeeRuleSettings['highLow'],
): Finding[] {
  const { day, likeDays } = days;
  if (!day.validated || likeDays.length < limits.minLikeDays) return [];
  const energies = likeDays.map(({ energyWh }) => energyWh);
  const mean = energies.reduce((sum, energyWh) => sum + energyWh, 0) / energies.length;
  if (mean < limits.minMeanWh) return [];
  const observed = day.energyWh / mean;
  const high =
    observed > limits.highFactor && day.energyWh > Math.max(...energies) * limits.beyondFactor && limits.highFactor;
  const low =
    observed < limits.lowFactor && day.energyWh * limits.beyondFactor < Math.min(...energies) && limits.lowFactor;
  const limit = high || low;
  return limit ? [{ rule: 'HIGH_LOW', ...timesOf(series, day.span), observed, limit }] : [];
}
