import { quantileOf } from '../../layers/domain/forecasting/load-features.ts';
import type { SeriesWalk } from './series-walk.ts';

const LEVELS = [0.1, 0.5, 0.9] as const;
/** A slot keeps at most so many loads of the class. */
const MOST = 4000;

/** What loads of a class are like, for one without a history of its own. */
export interface ClassProfile {
  /** Median level of the class, in the unit of the loads. */
  level: number;
  slotsPerDay: number;
  /** 10, 50 and 90 % of the load relative to its level, by slot of the week from Sunday. */
  quantiles: Float64Array;
}

/** @param walks the loads of a class, walked to their ends */
export function classProfile(walks: readonly SeriesWalk[], lastDays: readonly number[]): ClassProfile {
  const slotsPerDay = walks[0]?.features.grid.slotsPerDay ?? 24;
  const week = 7 * slotsPerDay;
  const loads: number[][] = Array.from({ length: week }, () => []);
  const levels: number[] = [];
  for (const [index, { features }] of walks.entries()) {
    const { values, firstDay } = features.grid;
    levels.push(features.level((lastDays[index] as number) * slotsPerDay));
    const shift = (((firstDay + 4) % 7) + 7) % 7;
    for (const [slot, value] of values.entries()) {
      const at = loads[(slot + shift * slotsPerDay) % week] as number[];
      if (!Number.isNaN(value) && at.length < MOST) at.push(value / features.level(slot));
    }
  }
  const quantiles = new Float64Array(week * LEVELS.length);
  for (const [slot, found] of loads.entries()) {
    const sorted = Float64Array.from(found.length === 0 ? [1] : found).sort();
    for (const [place, level] of LEVELS.entries()) quantiles[slot * LEVELS.length + place] = quantileOf(sorted, level);
  }
  return { level: quantileOf(Float64Array.from(levels).sort(), 0.5), slotsPerDay, quantiles };
}
