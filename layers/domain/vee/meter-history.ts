import type { Flow } from '../../contracts/messages/channels.ts';
import type { LocalDay } from '../calendar/local-days.ts';
import type { Period } from '../calendar/local-periods.ts';
import { clockOffset } from './clock-offsets.ts';
import type { CalendarDay, DayCalendar } from './day-calendar.ts';
import { type DaySummary, summariseDay } from './day-summary.ts';
import type { ClockOffset } from './rules/time-drift.ts';
import { type IntervalSeries, isMeasured, type Span, spanOf, startAt } from './series.ts';

/** One meter's channel over its days: what rules compare a day with, and what estimates are made from. */
export class MeterHistory {
  readonly series: IntervalSeries;
  readonly calendar: DayCalendar;
  readonly flow: Flow;
  readonly #inService: (index: number) => boolean;
  readonly #outages: readonly Period[];
  readonly #summaries = new Map<LocalDay, DaySummary>();
  readonly #offsets = new Map<LocalDay, ClockOffset | undefined>();

  /** @param meter `services` and confirmed `outages` in any order, epoch ms; a service without end has `end` Infinity */
  constructor(meter: {
    series: IntervalSeries;
    calendar: DayCalendar;
    flow: Flow;
    services: readonly Period[];
    outages: readonly Period[];
  }) {
    this.series = meter.series;
    this.calendar = meter.calendar;
    this.flow = meter.flow;
    this.#outages = meter.outages;
    const intervalMs = meter.series.intervalMinutes * 60_000;
    this.#inService = (index) => {
      const start = startAt(meter.series, index);
      return meter.services.some((service) => service.start < start + intervalMs && service.end > start);
    };
  }

  /** Whether the meter served in any part of an interval: then its reading is expected. */
  expects(index: number): boolean {
    return this.#inService(index);
  }

  span(day: CalendarDay): Span {
    return spanOf(this.series, day.period);
  }

  summary(localDay: LocalDay): DaySummary {
    const known = this.#summaries.get(localDay);
    if (known) return known;
    const day = this.calendar.day(localDay);
    const span = this.span(day);
    const summary = summariseDay(this.series, {
      localDay,
      kind: day.kind,
      span,
      expected: this.#expectedOf(day, span),
      inOutage: this.#outages.some(({ start, end }) => start < day.period.end && end > day.period.start),
    });
    this.#summaries.set(localDay, summary);
    return summary;
  }

  /** Validated days before a day that are like it, the nearest first. The sun has no weekend: for export all days are alike. */
  likeDays(localDay: LocalDay, maxAgeDays: number): DaySummary[] {
    const { kind } = this.calendar.day(localDay);
    const found: DaySummary[] = [];
    for (let before = localDay - 1; before >= localDay - maxAgeDays; before--) {
      if (this.flow === 'forward' && this.calendar.day(before).kind !== kind) continue;
      const summary = this.summary(before);
      if (summary.validated) found.push(summary);
    }
    return found;
  }

  /** Validated days of any kind, so many before a day. */
  recentDays(localDay: LocalDay, days: number): DaySummary[] {
    return this.daysBefore(localDay, days).filter(({ validated }) => validated);
  }

  daysBefore(localDay: LocalDay, days: number): DaySummary[] {
    return Array.from({ length: days }, (_, n) => this.summary(localDay - 1 - n));
  }

  /** Whether anything was measured on a day. */
  measured(localDay: LocalDay): boolean {
    const { first, end } = this.span(this.calendar.day(localDay));
    for (let index = first; index < end; index++) if (isMeasured(this.series, index)) return true;
    return false;
  }

  /** The meter's clock on a day and on those before it. */
  clockOffsets(localDay: LocalDay, days: number): ClockOffset[] {
    return Array.from({ length: days + 1 }, (_, n) => this.#clockOffset(localDay - n)).filter(
      (one) => one !== undefined,
    );
  }

  #clockOffset(localDay: LocalDay): ClockOffset | undefined {
    if (!this.#offsets.has(localDay)) {
      const span = this.span(this.calendar.day(localDay));
      this.#offsets.set(localDay, clockOffset(this.series, { localDay, span }));
    }
    return this.#offsets.get(localDay);
  }

  /** 0 for a day that the series does not hold whole. */
  #expectedOf({ period }: CalendarDay, span: Span): number {
    const { start, quality } = this.series;
    if (period.start < start || period.end > startAt(this.series, quality.length)) return 0;
    let expected = 0;
    for (let index = span.first; index < span.end; index++) if (this.#inService(index)) expected += 1;
    return expected;
  }
}
