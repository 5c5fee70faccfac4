/** Days that are looked back upon, and after how many a load counts half [P]. */
const RECENT_DAYS = 42;
const HALF_LIFE_DAYS = 10;
/** Weight of a day off for a working day, and the reverse [P]. */
const OTHER_KIND = 0.5;
/** Weight of the slots within half an hour before and after [P]. */
const BESIDE = 0.5;
const LEVELS = [0.1, 0.5, 0.9] as const;

/** What the quantiles are taken of. */
export interface RecentLoads {
  values: Float64Array;
  slotsPerDay: number;
  /** Whether a day of the grid is off (weekend, holiday). */
  isOff: (day: number) => boolean;
}

/**
 * Weighted 10, 50 and 90 % quantiles of the loads around the same time of the days before: newer days, days of the same kind and the very slot
 * count more. Two slots an hour or more look half an hour to either side.
 * @returns asked for a slot and the first slot that is not known; NaN of none. The array is overwritten by the next call.
 */
export function recentQuantiles({
  values,
  slotsPerDay,
  isOff,
}: RecentLoads): (slot: number, origin: number) => Float64Array {
  const beside = Math.floor(slotsPerDay / 48);
  const loads = new Float64Array(RECENT_DAYS * (2 * beside + 1));
  const weights = new Float64Array(loads.length);
  const quantiles = new Float64Array(LEVELS.length);
  return (slot, origin) => {
    const day = Math.floor(slot / slotsPerDay);
    const kind = isOff(day);
    const nearest = Math.ceil((slot - origin + 1) / slotsPerDay);
    let count = 0;
    let total = 0;
    for (let back = 0; back < RECENT_DAYS; back++) {
      const past = slot - (nearest + back) * slotsPerDay;
      if (past < 0) break;
      const same = isOff(Math.floor(past / slotsPerDay)) === kind ? 1 : OTHER_KIND;
      const ofDay = same * 0.5 ** (back / HALF_LIFE_DAYS);
      for (let near = -beside; near <= beside; near++) {
        const load = past + near < origin ? (values[past + near] ?? Number.NaN) : Number.NaN;
        if (Number.isNaN(load)) continue;
        const weight = near === 0 ? ofDay : ofDay * BESIDE;
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
    let level = 0;
    for (let at = 0; at < count && level < LEVELS.length; at++) {
      sum += weights[at] as number;
      while (level < LEVELS.length && sum >= (LEVELS[level] as number) * total)
        quantiles[level++] = loads[at] as number;
    }
    if (count > 0) quantiles.fill(loads[count - 1] as number, level);
    return quantiles;
  };
}
