import { runningSums, windowMean } from './running-sums.ts';

/** Days that are looked back upon, and after how many a load counts half [P]. */
const RECENT_DAYS = 35;
const HALF_LIFE_DAYS = 10;
/** Weight of a day off for a working day, and the reverse [P]. */
const OTHER_KIND = 0.4;
/** Half-hours before and after a slot that are looked at too, and the weight of each further one [P]. */
const BESIDE_HALF_HOURS = [-2, -1, 0, 1, 2] as const;
const BESIDE = 0.6;
/** A day counts 1/e where the load of the day before it was so many times (natural logarithm) that of the day before the origin [P]. */
const LIKENESS = 0.7;
/** Share of the level by which loads near zero are kept from being told apart [P]. */
const SOFTENED = 0.1;
const LEVELS = [0.1, 0.5, 0.9] as const;

/** What the quantiles are taken of. */
export interface RecentLoads {
  values: Float64Array;
  slotsPerDay: number;
  /** Whether a day of the grid is off (weekend, holiday). */
  isOff: (day: number) => boolean;
  /** Magnitude of the load in the weeks before an origin, more than 0. */
  level: (origin: number) => number;
}

/**
 * Weighted 10, 50 and 90 % quantiles of the loads around the same time of the days before: newer days, days of the same kind, days that came
 * after a day like the one before the origin (nobody home, or heating on) and the very slot count more.
 * @returns asked for a slot and the first slot that is not known; NaN of none. The array is overwritten by the next call.
 */
export function recentQuantiles({
  values,
  slotsPerDay,
  isOff,
  level,
}: RecentLoads): (slot: number, origin: number) => Float64Array {
  const beside = BESIDE_HALF_HOURS.map((halves) => ({
    near: (halves * slotsPerDay) / 48,
    weight: BESIDE ** Math.abs(halves),
  })).filter(({ near }) => Number.isInteger(near));
  const sums = runningSums(values);
  const dayBefore = (slot: number) => Math.max(0, windowMean(sums, slot - slotsPerDay, slot));
  const ofDay = new Float64Array(RECENT_DAYS);
  let weighed = { origin: -1, day: -1, nearest: -1 };
  /** Weights of the days before as seen from an origin, for a day ahead of it. */
  const weighDays = (slot: number, origin: number, nearest: number) => {
    const day = Math.floor(slot / slotsPerDay);
    if (origin === weighed.origin && day === weighed.day && nearest === weighed.nearest) return;
    weighed = { origin, day, nearest };
    const kind = isOff(day);
    const least = SOFTENED * level(origin);
    const here = Math.log(dayBefore(origin) + least);
    for (let back = 0; back < RECENT_DAYS; back++) {
      const away = (nearest + back) * slotsPerDay;
      const unlike = Math.abs(here - Math.log(dayBefore(origin - away) + least)) / LIKENESS;
      const same = isOff(Math.floor((slot - away) / slotsPerDay)) === kind ? 1 : OTHER_KIND;
      ofDay[back] = same * 0.5 ** (back / HALF_LIFE_DAYS) * (Number.isNaN(unlike) ? 1 : Math.exp(-unlike));
    }
  };
  const loads = new Float64Array(RECENT_DAYS * beside.length);
  const weights = new Float64Array(loads.length);
  const quantiles = new Float64Array(LEVELS.length);
  return (slot, origin) => {
    const nearest = Math.ceil((slot - origin + 1) / slotsPerDay);
    weighDays(slot, origin, nearest);
    let count = 0;
    let total = 0;
    for (let back = 0; back < RECENT_DAYS; back++) {
      const past = slot - (nearest + back) * slotsPerDay;
      if (past < 0) break;
      for (const { near, weight: ofNear } of beside) {
        const load = past + near < origin ? (values[past + near] ?? Number.NaN) : Number.NaN;
        if (Number.isNaN(load)) continue;
        const weight = (ofDay[back] as number) * ofNear;
        let at = count++;
        for (; at > 0 && (loads[at - 1] as number) > load; at--) {
          loads[at] = loads[at - 1] as number;
          weights[at] = weights[at - 1] as number;
        }
        loads[at] = load;
        weights[at] = weight;
        total += weight;
      }
    }
    quantiles.fill(Number.NaN);
    let sum = 0;
    let reached = 0;
    for (let at = 0; at < count && reached < LEVELS.length; at++) {
      sum += weights[at] as number;
      while (reached < LEVELS.length && sum >= (LEVELS[reached] as number) * total)
        quantiles[reached++] = loads[at] as number;
    }
    if (count > 0) quantiles.fill(loads[count - 1] as number, reached);
    return quantiles;
  };
}
