import { SETTLED_QUALITIES } from '../../../contracts/vee/qualities.ts';
import type { VeeRuleSettings } from '../../../contracts/vee/settings.ts';
import type { Period } from '../../calendar/local-periods.ts';
import { DAY_MS } from '../../readings/calendar-day.ts';
import { type Finding, timesOf } from '../finding.ts';
import { type IntervalSeries, intervalMsOf, isMeasured, runsOf, type Span, startAt } from '../series.ts';

const HOUR_MS = 3_600_000;

/**
 * Rule 6: a run of zeros that reaches its limit in the day. One finding per run, from where the run began: an empty home is
 * one exception, not one a day. A home that was empty before within `quietDays` is known to be; an outage over the run gives
 * it the code of a power failure.
 */
export function zeroUsage(
  series: IntervalSeries,
  day: { span: Span; outages: readonly Period[] },
  limits: VeeRuleSettings['zeroUsage'],
): Finding[] {
  const enough = Math.ceil((limits.hours * HOUR_MS) / intervalMsOf(series));
  const runs = runsOf(
    { first: 0, end: day.span.end },
    (index) => isMeasured(series, index) && series.energyWh[index] === 0,
  ).filter((run) => run.end - run.first >= enough);
  return runs.flatMap((run, place): Finding[] => {
    const reached = run.first + enough - 1;
    if (reached < day.span.first || reached >= day.span.end) return [];
    const quietSince = startAt(series, run.first) - limits.quietDays * DAY_MS;
    const before = runs[place - 1];
    if (before && startAt(series, before.end) > quietSince) return [];
    const { from, to } = timesOf(series, { first: run.first, end: reached + 1 });
    const out = day.outages.some(({ start, end }) => start < to && end > from);
    return [
      {
        rule: 'ZERO_USAGE',
        from,
        to,
        observed: (to - from) / HOUR_MS,
        limit: limits.hours,
        ...(out ? { cim: SETTLED_QUALITIES.powerFailure.cim } : {}),
      },
    ];
  });
}
