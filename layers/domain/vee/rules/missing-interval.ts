import { type Finding, timesOf } from '../finding.ts';
import { type IntervalSeries, runsOf, type Span } from '../series.ts';

/**
 * Rule 1: intervals that are expected and not there, adjacent ones as one finding.
 * @param day `expected` says of an entry whether the meter served then
 */
export function missingInterval(
  series: IntervalSeries,
  day: { span: Span; expected: (index: number) => boolean },
): Finding[] {
  return runsOf(day.span, (index) => series.quality[index] === 0 && day.expected(index)).map((run) => ({
    rule: 'MISSING_INTERVAL',
    ...timesOf(series, run),
    observed: run.end - run.first,
    limit: 0,
  }));
}
