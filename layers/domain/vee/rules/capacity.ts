import type { VeeRuleSettings } from '../../../contracts/vee/settings.ts';
import { type Finding, timesOf } from '../finding.ts';
import { type IntervalSeries, isMeasured, runsOf, type Span } from '../series.ts';

/**
 * Rule 11: more mean power than the service carries.
 * @param day `ratingKva` of the service: active and reactive power alike stay below it; undefined: not known, not judged
 */
export function capacity(
  series: IntervalSeries,
  day: { span: Span; ratingKva: number | undefined },
  limits: VeeRuleSettings['capacity'],
): Finding[] {
  if (day.ratingKva === undefined) return [];
  // To the milliwatt: 1.2 × 12 is 14.4, not the double below it.
  const limit = Math.round(day.ratingKva * limits.ratingFactor * 1e6) / 1e6;
  const powerKw = (index: number) => ((series.energyWh[index] as number) * 60) / series.intervalMinutes / 1000;
  return runsOf(day.span, (index) => isMeasured(series, index) && powerKw(index) > limit).map((run) => ({
    rule: 'CAPACITY',
    ...timesOf(series, run),
    observed: Math.max(...Array.from({ length: run.end - run.first }, (_, i) => powerKw(run.first + i))),
    limit,
  }));
}
