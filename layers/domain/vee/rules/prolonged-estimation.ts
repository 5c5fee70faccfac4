import type { VeeRuleSettings } from '../../../contracts/vee/settings.ts';
import type { Finding } from '../finding.ts';

/**
 * Rule 16: nothing measured for too many local days on end.
 * @param day `measuredDays`: dates (days since 1970-01-01) with at least one measured interval; `serviceFrom`: the first date
 */
export function prolongedEstimation(
  day: { localDay: number; from: number; to: number; measuredDays: ReadonlySet<number>; serviceFrom: number },
  limits: VeeRuleSettings['prolongedEstimation'],
): Finding[] {
  let observed = 0;
  for (let at = day.localDay; at >= day.serviceFrom && !day.measuredDays.has(at); at--) {
    observed += 1;
    if (observed > limits.days) {
      return [{ rule: 'PROLONGED_ESTIMATION', from: day.from, to: day.to, observed, limit: limits.days }];
    }
  }
  return [];
}
