import { DAY_MS } from '../readings/calendar-day.ts';

/** A load on a local clock whose days all have as many slots: slot s of day d is at `d * slotsPerDay + s`. */
export interface LoadGrid {
  stepMs: number;
  slotsPerDay: number;
  /** Days since 1970-01-01 of the first slot, by the local clock. */
  firstDay: number;
  /** Mean power or energy of each slot; NaN where nothing is known. */
  values: Float64Array;
  /** °C; NaN where nothing is known. As long as `values`. */
  temperature: Float64Array;
  /** By day: 1 a public holiday, 0 none or unknown. */
  holidays: Uint8Array;
}

/** A series as it was measured. */
export interface LoadSeries {
  /** Epoch ms of the first interval's start. */
  start: number;
  stepMs: number;
  /** NaN where missing. */
  values: Float64Array;
  /** °C, for the same intervals; NaN where missing. */
  temperature?: Float64Array | undefined;
}

/** How far the local clock is ahead of UTC at an instant (epoch ms), ms. */
export type ClockOffset = (time: number) => number;

/** Place of an instant in the grid. */
export const slotAt = (grid: LoadGrid, offset: ClockOffset, time: number): number =>
  Math.floor((time + offset(time) - grid.firstDay * DAY_MS) / grid.stepMs);

/**
 * Puts a series on the local clock. The hour that a clock change leaves out repeats the value before it; of the hour that it doubles the first
 * pass stands. So a slot never holds what was measured after it.
 * @param days how many days the grid has beyond the last value (room for weather forecasts and the calendar)
 * @param isHoliday by day since 1970-01-01
 */
export function toGrid(
  series: LoadSeries,
  options: { offset: ClockOffset; days: number; isHoliday: (day: number) => boolean },
): LoadGrid {
  const { offset, days, isHoliday } = options;
  const { start, stepMs, values, temperature } = series;
  const slotsPerDay = Math.round(DAY_MS / stepMs);
  const firstDay = Math.floor((start + offset(start)) / DAY_MS);
  const end = start + values.length * stepMs;
  const lastDay = Math.floor((end + offset(end)) / DAY_MS) + days;
  const slots = (lastDay - firstDay + 1) * slotsPerDay;
  const grid: LoadGrid = {
    stepMs,
    slotsPerDay,
    firstDay,
    values: new Float64Array(slots).fill(Number.NaN),
    temperature: new Float64Array(slots).fill(Number.NaN),
    holidays: Uint8Array.from({ length: lastDay - firstDay + 1 }, (_, day) => (isHoliday(firstDay + day) ? 1 : 0)),
  };
  let before = -1;
  for (let index = 0; index < values.length; index++) {
    const slot = slotAt(grid, offset, start + index * stepMs);
    if (slot <= before) continue;
    for (let skipped = before + 1; before >= 0 && skipped < slot; skipped++) {
      grid.values[skipped] = grid.values[before] as number;
      grid.temperature[skipped] = grid.temperature[before] as number;
    }
    grid.values[slot] = values[index] as number;
    grid.temperature[slot] = temperature?.[index] ?? Number.NaN;
    before = slot;
  }
  return grid;
}
