import type { VeeRuleSettings } from '../../../contracts/vee/settings.ts';
import { type Finding, timesOf } from '../finding.ts';
import { type IntervalSeries, intervalMsOf, isMeasured, type Span } from '../series.ts';

const HOUR_MS = 3_600_000;

/**
 * Rule 12: a value above zero that stays the same until its limit is reached in the day; one finding per run. Each entry is
 * compared with the first of its run, so that a slow ramp is no flat line.
 */
export function flatline(series: IntervalSeries, span: Span, limits: VeeRuleSettings['flatline']): Finding[] {
  const enough = Math.ceil((limits.hours * HOUR_MS) / intervalMsOf(series));
  const findings: Finding[] = [];
  let first = -1;
  for (let index = 0; index < span.end; index++) {
    if (!isMeasured(series, index) || series.energyWh[index] === 0) {
      first = -1;
      continue;
    }
    const value = series.energyWh[index] as number;
    const held = first < 0 ? Number.NaN : (series.energyWh[first] as number);
    if (!(Math.abs(value - held) <= limits.relativeTolerance * held)) first = index;
    if (index - first + 1 === enough && index >= span.first) {
      const times = timesOf(series, { first, end: index + 1 });
      findings.push({
        rule: 'FLATLINE',
        ...times,
        observed: (times.to - times.from) / HOUR_MS,
        limit: limits.hours,
      });
    }
  }
  return findings;
}
