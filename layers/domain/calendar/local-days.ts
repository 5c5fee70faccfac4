import { DAY_MS } from '../readings/calendar-day.ts';
import { localMidnight, type Period } from './local-periods.ts';
import { zoneOffsetMs } from './zone-offset.ts';

/** A calendar date as days since 1970-01-01, whatever the zone. */
export type LocalDay = number;

/** The local date of an instant. @param timeMs epoch ms */
export const localDayOf = (timeZone: string, timeMs: number): LocalDay =>
  Math.floor((timeMs + zoneOffsetMs(timeZone, timeMs)) / DAY_MS);

/** When a local date begins and ends, epoch ms: 23 or 25 hours where clocks change. */
export const localDayPeriod = (timeZone: string, day: LocalDay): Period => ({
  start: localMidnight(timeZone, day * DAY_MS),
  end: localMidnight(timeZone, (day + 1) * DAY_MS),
});

/** `2012-10-07` of a date. */
export const dateText = (day: LocalDay): string => new Date(day * DAY_MS).toISOString().slice(0, 10);

/** A date of its text. @returns NaN for text that is no date */
export const dateOf = (text: string): LocalDay => Date.parse(`${text}T00:00:00Z`) / DAY_MS;

/** 0 is Sunday, 6 Saturday. 1970-01-01 was a Thursday. */
export const weekdayOf = (day: LocalDay): number => (((day + 4) % 7) + 7) % 7;
