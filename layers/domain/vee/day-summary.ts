import type { DayKind } from '../calendar/holidays.ts';
import { type IntervalSeries, isMeasured, type Span } from './series.ts';

/** A local day of one meter's channel in brief: what comparisons between days need. */
export interface DaySummary {
  /** Days since 1970-01-01 of the local date. */
  localDay: number;
  kind: DayKind;
  span: Span;
  /** Every expected interval is measured, none in conflict, none in an outage: a day to compare with. */
  validated: boolean;
  /** Sum and highest of what is there, Wh. */
  energyWh: number;
  peakWh: number;
}

export function summariseDay(
  series: IntervalSeries,
  day: { localDay: number; kind: DayKind; span: Span; expected: number; inOutage: boolean },
): DaySummary {
  const { localDay, kind, span } = day;
  let [measured, energyWh, peakWh] = [0, 0, 0];
  for (let index = span.first; index < span.end; index++) {
    if (!isMeasured(series, index)) continue;
    const value = series.energyWh[index] as number;
    measured += 1;
    energyWh += value;
    if (value > peakWh) peakWh = value;
  }
  const whole = day.expected > 0 && measured === day.expected && span.end - span.first === day.expected;
  return { localDay, kind, span, validated: whole && !day.inOutage, energyWh, peakWh };
}
