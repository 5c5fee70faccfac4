import { type DayKind, dayKind, type HolidayCalendar } from '../calendar/holidays.ts';
import { type LocalDay, localDayOf, localDayPeriod } from '../calendar/local-days.ts';
import type { Period } from '../calendar/local-periods.ts';
import { zoneOffsetMs } from '../calendar/zone-offset.ts';
import { DAY_MS, MINUTE_MS } from '../readings/calendar-day.ts';

const MINUTES_PER_DAY = 1440;

export interface CalendarDay {
  localDay: LocalDay;
  kind: DayKind;
  period: Period;
}

/** Local days of one zone, remembered: asking a zone for its clock costs more than everything done with the answer. */
export class DayCalendar {
  readonly #timeZone: string;
  readonly #holidays: HolidayCalendar;
  readonly #days = new Map<LocalDay, CalendarDay>();

  constructor(timeZone: string, holidays: HolidayCalendar) {
    this.#timeZone = timeZone;
    this.#holidays = holidays;
  }

  day(localDay: LocalDay): CalendarDay {
    const known = this.#days.get(localDay);
    if (known) return known;
    const day = {
      localDay,
      kind: dayKind(this.#holidays, localDay),
      period: localDayPeriod(this.#timeZone, localDay),
    };
    this.#days.set(localDay, day);
    return day;
  }

  /** The day that holds an instant, epoch ms. */
  dayAt(timeMs: number): CalendarDay {
    // A zone is never a day away from UTC: one of three days holds it.
    const guess = Math.floor(timeMs / DAY_MS);
    for (const localDay of [guess, guess + 1, guess - 1]) {
      const day = this.day(localDay);
      if (day.period.start <= timeMs && timeMs < day.period.end) return day;
    }
    return this.day(localDayOf(this.#timeZone, timeMs));
  }

  /** Minutes that a clock on the wall shows after midnight. */
  wallMinute(day: CalendarDay, timeMs: number): number {
    const { start, end } = day.period;
    if (end - start === DAY_MS) return (timeMs - start) / MINUTE_MS;
    return (((timeMs + zoneOffsetMs(this.#timeZone, timeMs)) / MINUTE_MS) % MINUTES_PER_DAY) + 0;
  }

  /** The first instant of a day at which the clock shows so many minutes; undefined: the clocks skipped it. */
  instantAt(day: CalendarDay, wallMinute: number): number | undefined {
    const { start, end } = day.period;
    const usual = start + wallMinute * MINUTE_MS;
    const shift = end - start - DAY_MS;
    if (shift === 0) return usual;
    return [usual, usual + shift].sort((a, b) => a - b).find((at) => this.wallMinute(day, at) === wallMinute);
  }
}
