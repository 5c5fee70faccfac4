import { type Finding, timesOf } from '../finding.ts';
import { type IntervalSeries, runsOf, type Span } from '../series.ts';

/** Rule 2: intervals with two values in one version. The same value again is no finding, and a higher version has decided. */
export function duplicate(series: IntervalSeries, span: Span): Finding[] {
  return runsOf(span, (index) => series.conflict[index] === 1).map((run) => ({
    rule: 'DUPLICATE',
    ...timesOf(series, run),
    observed: run.end - run.first,
    limit: 0,
  }));
}
