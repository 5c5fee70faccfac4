import { DAY_MS } from '../readings/calendar-day.ts';
import { type LocalDay, weekdayOf } from './local-days.ts';

export type HolidayCalendar = 'AU-NSW' | 'none';

const SUNDAY = 0;
const MONDAY = 1;
const SATURDAY = 6;

const dayAt = (year: number, month: number, date: number): LocalDay => Date.UTC(year, month - 1, date) / DAY_MS;

/** Easter Sunday of the Gregorian calendar. Source: Meeus, Astronomical Algorithms, chapter 8. */
export function easterSunday(year: number): LocalDay {
  const a = year % 19;
  const b = Math.floor(year / 100);
  const c = year % 100;
  const h = (19 * a + b - Math.floor(b / 4) - Math.floor((b - Math.floor((b + 8) / 25) + 1) / 3) + 15) % 30;
  const l = (32 + 2 * (b % 4) + 2 * Math.floor(c / 4) - h - (c % 4)) % 7;
  const m = Math.floor((a + 11 * h + 22 * l) / 451);
  const at = h + l - 7 * m + 114;
  return dayAt(year, Math.floor(at / 31), (at % 31) + 1);
}

const nthMonday = (year: number, month: number, nth: number): LocalDay => {
  const first = dayAt(year, month, 1);
  return first + ((MONDAY - weekdayOf(first) + 7) % 7) + 7 * (nth - 1);
};

const nextMonday = (day: LocalDay): LocalDay => day + ((MONDAY - weekdayOf(day) + 7) % 7 || 7);

/** An extra day where one of two adjacent holidays falls on a weekend: Saturday's is Monday, Sunday's Tuesday. */
const withExtra = (day: LocalDay): LocalDay[] => {
  const weekday = weekdayOf(day);
  return weekday === SATURDAY || weekday === SUNDAY ? [day, day + 2] : [day];
};

const onWeekend = (day: LocalDay): boolean => weekdayOf(day) === SATURDAY || weekdayOf(day) === SUNDAY;

/** Public holidays of New South Wales. Source: Public Holidays Act 2010 (NSW), section 4 (in force since 2011). */
function newSouthWales(year: number): LocalDay[] {
  const newYear = dayAt(year, 1, 1);
  const australia = dayAt(year, 1, 26);
  const easter = easterSunday(year);
  return [
    ...(onWeekend(newYear) ? [newYear, nextMonday(newYear)] : [newYear]),
    // Australia Day moves, it is not doubled.
    onWeekend(australia) ? nextMonday(australia) : australia,
    ...[easter - 2, easter - 1, easter, easter + 1],
    dayAt(year, 4, 25),
    nthMonday(year, 6, 2),
    nthMonday(year, 10, 1),
    ...withExtra(dayAt(year, 12, 25)),
    ...withExtra(dayAt(year, 12, 26)),
  ];
}

const known = new Map<number, ReadonlySet<LocalDay>>();

/** Whether a date is a public holiday. */
export function isHoliday(calendar: HolidayCalendar, day: LocalDay): boolean {
  if (calendar === 'none') return false;
  const year = new Date(day * DAY_MS).getUTCFullYear();
  const holidays = known.get(year) ?? new Set(newSouthWales(year));
  known.set(year, holidays);
  return holidays.has(day);
}

/** Days of one kind are like each other. A holiday counts as a Sunday. */
export type DayKind = 'working' | 'saturday' | 'sunday';

export function dayKind(calendar: HolidayCalendar, day: LocalDay): DayKind {
  const weekday = weekdayOf(day);
  if (weekday === SUNDAY || isHoliday(calendar, day)) return 'sunday';
  return weekday === SATURDAY ? 'saturday' : 'working';
}
