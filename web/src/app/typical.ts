import { localHour } from './times.ts';

/** What an hour of this kind of day usually is: the middle 80 % and the median of the days seen, kW. */
export interface TypicalHour {
  low: number;
  median: number;
  high: number;
  days: number;
}

/** Of values in ascending order, between two of them by distance. */
export const quantile = (ordered: readonly number[], share: number): number => {
  const position = (ordered.length - 1) * share;
  const below = Math.floor(position);
  const lower = ordered[below] ?? 0;
  return lower + ((ordered[below + 1] ?? lower) - lower) * (position - below);
};

/** An hour with fewer of its readings than this says too little about the rest [P]. */
const leastPresent = 0.8;
/** Fewer like hours than this make no band [P]. */
const fewestDays = 4;

/**
 * Typical load by local hour, working days apart from weekends.
 * @param hours hourly energy (kWh per hour, so mean kW); what an hour lacks is taken to be like the rest of it, or the band would lie too low.
 * @returns a function of an instant (ms); undefined where too few like hours are known.
 */
export const typicalDay = (
  hours: readonly { start: string; value: number | null; intervalsExpected: number; intervalsPresent: number }[],
  zone: string,
): ((time: number) => TypicalHour | undefined) => {
  const groups = new Map<string, number[]>();
  const keyOf = (time: number) => {
    const { hour, weekend } = localHour(time, zone);
    return `${weekend ? 'weekend' : 'working'} ${hour}`;
  };
  for (const { start, value, intervalsExpected, intervalsPresent } of hours) {
    if (value === null || intervalsPresent < intervalsExpected * leastPresent) continue;
    const key = keyOf(Date.parse(start));
    groups.set(key, [...(groups.get(key) ?? []), (value * intervalsExpected) / intervalsPresent]);
  }
  const typical = new Map<string, TypicalHour>();
  for (const [key, values] of groups) {
    if (values.length < fewestDays) continue;
    const ordered = values.sort((a, b) => a - b);
    typical.set(key, {
      low: quantile(ordered, 0.1),
      median: quantile(ordered, 0.5),
      high: quantile(ordered, 0.9),
      days: ordered.length,
    });
  }
  return (time) => typical.get(keyOf(time));
};
