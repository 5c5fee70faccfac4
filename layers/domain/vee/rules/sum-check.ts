import type { VeeRuleSettings } from '../../../contracts/vee/settings.ts';
import type { RegisterSegment } from '../../registers/register-energy.ts';
import type { Finding } from '../finding.ts';
import { type IntervalSeries, intervalMsOf, isMeasured, spanOf } from '../series.ts';

/**
 * Rule 8: intervals between two register reads do not add up to what the register advanced, or those that are there already
 * add up to more. The reads stand on interval boundaries.
 * @param segment energy with the multiplier applied, Wh, and the resolution of the register, likewise
 */
export function sumCheck(
  series: IntervalSeries,
  segment: RegisterSegment,
  limits: VeeRuleSettings['sumCheck'],
): Finding[] {
  const { from, to, energyWh, resolutionWh } = segment;
  if (energyWh === null) return [];
  const span = spanOf(series, { start: from, end: to });
  let [sum, measured] = [0, 0];
  for (let index = span.first; index < span.end; index++) {
    if (!isMeasured(series, index)) continue;
    sum += series.energyWh[index] as number;
    measured += 1;
  }
  const intervals = span.end - span.first;
  if (intervals * intervalMsOf(series) !== to - from || (measured < intervals && sum < energyWh)) return [];
  // Every interval is cut to whole Wh by itself.
  const limit = limits.resolutions * resolutionWh + intervals / 2;
  const observed = Math.abs(sum - energyWh);
  return observed > limit ? [{ rule: 'SUM_CHECK', from, to, observed, limit }] : [];
}
