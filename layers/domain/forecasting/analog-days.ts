import { easterSunday } from '../calendar/holidays.ts';
import { DAY_MS } from '../readings/calendar-day.ts';
import type { LoadGrid } from './load-grid.ts';

/** How unusual days like a day were in earlier years, as a share of the load around them; NaN where no such year is known. */
export interface Analog {
  /** The same date (1 January, 25 December). */
  date: number;
  /** The same weekday of the same week of the month, counted from its start or, in the last seven days, from its end. */
  weekday: number;
  /** As far from Easter Sunday. */
  easter: number;
}

const NONE: Analog = { date: Number.NaN, weekday: Number.NaN, easter: Number.NaN };

/**
 * What the load itself tells about feast days, where nobody gives a calendar. A day's oddity is its load against the mean of the same weekday
 * one and two weeks before and after.
 * @returns by day of the grid and the day of the origin: only days before it are looked at.
 */
export function analogDays(grid: LoadGrid): (day: number, originDay: number) => Analog {
  const { slotsPerDay, values, firstDay } = grid;
  const days = Math.floor(values.length / slotsPerDay);
  const totals = new Float64Array(days).fill(Number.NaN);
  for (let day = 0; day < days; day++) {
    let sum = 0;
    let count = 0;
    for (let slot = day * slotsPerDay; slot < (day + 1) * slotsPerDay; slot++) {
      const value = values[slot] as number;
      if (Number.isNaN(value)) continue;
      sum += value;
      count++;
    }
    if (count * 2 > slotsPerDay) totals[day] = sum / count;
  }
  const oddities = totals.map((total, day) => {
    const around = [day - 14, day - 7, day + 7, day + 14]
      .map((near) => totals[near] ?? Number.NaN)
      .filter((one) => one > 0);
    return around.length < 2 ? Number.NaN : total / (around.reduce((sum, one) => sum + one, 0) / around.length) - 1;
  });
  // An oddity is known once the days around it are over.
  const oddityBefore = (day: number, originDay: number): number =>
    day >= 0 && day + 15 <= originDay ? (oddities[day] as number) : Number.NaN;
  const keyed = new Map<number, Analog>();
  const meanOf = (numbers: number[]): number => {
    const known = numbers.filter((one) => !Number.isNaN(one));
    return known.length === 0 ? Number.NaN : known.reduce((sum, one) => sum + one, 0) / known.length;
  };
  return (day, originDay) => {
    if (day < 300) return NONE;
    const key = day * 16_384 + originDay;
    const kept = keyed.get(key);
    if (kept) return kept;
    const date = new Date((firstDay + day) * DAY_MS);
    const year = date.getUTCFullYear();
    const month = date.getUTCMonth();
    const ofMonth = date.getUTCDate();
    const weekday = date.getUTCDay();
    const fromEaster = firstDay + day - easterSunday(year);
    const lastDate = new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
    const byDate: number[] = [];
    const byWeekday: number[] = [];
    const byEaster: number[] = [];
    const earliest = new Date(firstDay * DAY_MS).getUTCFullYear();
    for (let past = year - 1; past >= earliest && past >= year - 4; past--) {
      const at = (time: number) => oddityBefore(Math.round(time / DAY_MS) - firstDay, originDay);
      byDate.push(at(Date.UTC(past, month, ofMonth)));
      byWeekday.push(at(sameWeekday(past, month, ofMonth, weekday, lastDate)));
      if (Math.abs(fromEaster) < 60) byEaster.push(at((easterSunday(past) + fromEaster) * DAY_MS));
    }
    const found = { date: meanOf(byDate), weekday: meanOf(byWeekday), easter: meanOf(byEaster) };
    keyed.set(key, found);
    return found;
  };
}

/** Epoch ms of the weekday in the same week of a month in another year. */
function sameWeekday(year: number, month: number, ofMonth: number, weekday: number, lastDate: number): number {
  if (lastDate - ofMonth < 7) {
    const last = new Date(Date.UTC(year, month + 1, 0));
    return last.getTime() - ((last.getUTCDay() - weekday + 7) % 7) * DAY_MS;
  }
  const start = new Date(Date.UTC(year, month, 1));
  const firstOne = 1 + ((weekday - start.getUTCDay() + 7) % 7);
  return Date.UTC(year, month, firstOne + 7 * Math.floor((ofMonth - 1) / 7));
}
