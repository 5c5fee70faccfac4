import type { VeeRuleSettings } from '../../contracts/vee/settings.ts';
import type { Period } from '../calendar/local-periods.ts';
import type { RegisterSegment } from '../registers/register-energy.ts';
import type { CalendarDay } from './day-calendar.ts';
import type { Finding } from './finding.ts';
import type { MeterHistory } from './meter-history.ts';
import { capacity } from './rules/capacity.ts';
import { duplicate } from './rules/duplicate.ts';
import { flatline } from './rules/flatline.ts';
import { highLow } from './rules/high-low.ts';
import { inactiveMeter } from './rules/inactive-meter.ts';
import { kvarh } from './rules/kvarh.ts';
import { missingInterval } from './rules/missing-interval.ts';
import { prolongedEstimation } from './rules/prolonged-estimation.ts';
import { registerRollback } from './rules/register-rollback.ts';
import { spike } from './rules/spike.ts';
import { sumCheck } from './rules/sum-check.ts';
import { timeDrift } from './rules/time-drift.ts';
import { zeroUsage } from './rules/zero-usage.ts';
import type { IntervalSeries } from './series.ts';

/** Days of receipts that a clock is compared with, and days that a day's energy is compared with. [proposed] */
const CLOCK_DAYS = 28;
const COMPARED_DAYS = 42;

/** What a day of one meter's channel is judged by. */
export interface ValidationSources {
  history: MeterHistory;
  /** Of the same meter, for an active channel: on the same intervals. */
  reactive?: IntervalSeries | undefined;
  ratingKva?: number | undefined;
  /** Energy between register reads. */
  segments: readonly RegisterSegment[];
  /** Those whose reads stand on interval boundaries. */
  aligned: readonly RegisterSegment[];
  /** Confirmed ones. */
  outages: readonly Period[];
  /** Start of the meter's first service, epoch ms. */
  serviceFrom: number;
}

/** Every rule that needs more than the message itself, on one local day; the same sources give the same findings. */
export function validateDay(sources: ValidationSources, day: CalendarDay, limits: VeeRuleSettings): Finding[] {
  const { history, outages, segments, aligned, reactive, ratingKva } = sources;
  const { series, calendar } = history;
  const { localDay, period } = day;
  const span = history.span(day);
  const summary = history.summary(localDay);
  // A register is judged on the day on which the second of its reads falls.
  const readOn = ({ to }: RegisterSegment) => to > period.start && to <= period.end;
  const since = calendar.dayAt(Math.max(sources.serviceFrom, series.start)).localDay;
  const likeDays = history.likeDays(localDay, COMPARED_DAYS);
  const recent = history.recentDays(localDay, COMPARED_DAYS);
  const isForward = history.flow === 'forward';
  return [
    ...missingInterval(series, { span, expected: (index) => history.expects(index) }),
    ...duplicate(series, span),
    // Nothing exported for a day is winter, not a fault.
    ...(isForward ? zeroUsage(series, { span, outages }, limits.zeroUsage) : []),
    ...spike(series, { day: summary, history: history.daysBefore(localDay, limits.spike.peakDays) }, limits.spike),
    ...aligned.filter(readOn).flatMap((segment) => sumCheck(series, segment, limits.sumCheck)),
    ...(isForward ? highLow(series, { day: summary, likeDays, recent }, limits.highLow) : []),
    ...(reactive ? kvarh({ active: series, reactive }, span, limits.kvarh) : []),
    ...capacity(series, { span, ratingKva }, limits.capacity),
    ...flatline(series, span, limits.flatline),
    ...timeDrift(
      { localDay, from: period.start, to: period.end, offsets: history.clockOffsets(localDay, CLOCK_DAYS) },
      limits.timeDrift,
    ),
    ...registerRollback(segments.filter(readOn)),
    ...inactiveMeter(series, { span, serves: (index) => history.expects(index) }),
    ...prolongedEstimation(
      calendar,
      day,
      { measured: (date) => history.measured(date), since },
      limits.prolongedEstimation,
    ),
  ];
}
