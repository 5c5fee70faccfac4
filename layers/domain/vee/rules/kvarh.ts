import type { VeeRuleSettings } from '../../../contracts/vee/settings.ts';
import { type Finding, timesOf } from '../finding.ts';
import { type IntervalSeries, isMeasured, type Span } from '../series.ts';

/** Rule 10: more reactive than active energy in a day, over the intervals that both channels measured. Series of one length. */
export function kvarh(
  series: { active: IntervalSeries; reactive: IntervalSeries },
  span: Span,
  limits: VeeRuleSettings['kvarh'],
): Finding[] {
  let [activeWh, reactiveVarh] = [0, 0];
  for (let index = span.first; index < span.end; index++) {
    if (!isMeasured(series.active, index) || !isMeasured(series.reactive, index)) continue;
    activeWh += series.active.energyWh[index] as number;
    reactiveVarh += series.reactive.energyWh[index] as number;
  }
  if (activeWh < limits.minActiveWh) return [];
  const observed = reactiveVarh / activeWh;
  return observed > limits.ratio
    ? [{ rule: 'KVARH', ...timesOf(series.active, span), observed, limit: limits.ratio }]
    : [];
}
