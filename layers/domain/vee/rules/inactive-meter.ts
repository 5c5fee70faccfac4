import { type Finding, timesOf } from '../finding.ts';
import { type IntervalSeries, runsOf, type Span } from '../series.ts';

/** CIM's own code of usage on an inactive meter. */
const CIM_INACTIVE = '3.6.2';

/** Rule 15: usage while no service is connected. @param day `serves` says of an entry whether the meter is in service */
export function inactiveMeter(
  series: IntervalSeries,
  day: { span: Span; serves: (index: number) => boolean },
): Finding[] {
  return runsOf(day.span, (index) => (series.energyWh[index] as number) > 0 && !day.serves(index)).map((run) => {
    let observed = 0;
    for (let index = run.first; index < run.end; index++) observed += series.energyWh[index] as number;
    return { rule: 'INACTIVE_METER', ...timesOf(series, run), observed, limit: 0, cim: CIM_INACTIVE };
  });
}
