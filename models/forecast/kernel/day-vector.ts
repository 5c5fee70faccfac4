import { FEATURES, type FeatureName, featureIndex } from '../../../layers/domain/forecasting/load-features.ts';

/** Numbers of a day's vector that mean the same thing: a feature's course over the day, or what holds for the whole of it. */
interface Group {
  /** Whose mean in each part of the day it is, */
  of: FeatureName;
  /** of so many parts. */
  parts: number;
  /** How much the group counts against others in the likeness of two days [P]. */
  counts: number;
}
const group = (of: FeatureName, parts = 1, counts = 1): Group => ({ of, parts, counts });

const GROUPS: readonly Group[] = [
  group('deviationLagDay', 8),
  group('deviationHours3'),
  group('lagDay', 4),
  group('profile', 4),
  group('quantile50', 4),
  group('temperatureLagDay', 8, 2),
  group('temperatureDayBefore'),
  group('temperatureTarget', 8, 2),
  group('temperatureTargetMaximum'),
  group('temperatureProfile', 8),
  group('holiday'),
  group('holidayLag'),
  group('dayOffBefore'),
  group('dayOffAfter'),
  group('yearSine'),
  group('yearCosine'),
];
const WEEKDAYS = 7;

export const VECTOR_WIDTH = GROUPS.reduce((sum, { parts }) => sum + parts, 0) + WEEKDAYS;

/** What each number of a vector counts: those of one group share it. */
export const vectorCounts: Float64Array = Float64Array.from([
  ...GROUPS.flatMap(({ parts, counts }) => Array.from({ length: parts }, () => counts / Math.sqrt(parts))),
  ...Array.from({ length: WEEKDAYS }, () => 1 / Math.sqrt(WEEKDAYS)),
]);

/**
 * What an origin knows of one day ahead, as one vector; NaN where a feature is unknown.
 * @param rows features of the origin's steps
 * @param day 0 for the first day ahead
 */
export function dayVector(rows: Float64Array, day: number, slotsPerDay: number): Float64Array {
  const vector = new Float64Array(VECTOR_WIDTH);
  const first = day * slotsPerDay;
  let at = 0;
  for (const { of, parts } of GROUPS) {
    const feature = featureIndex[of];
    for (let part = 0; part < parts; part++) {
      const from = Math.floor((part * slotsPerDay) / parts);
      const to = Math.max(from + 1, Math.floor(((part + 1) * slotsPerDay) / parts));
      let sum = 0;
      let count = 0;
      for (let slot = from; slot < to; slot++) {
        const value = rows[(first + slot) * FEATURES + feature] as number;
        if (Number.isNaN(value)) continue;
        sum += value;
        count++;
      }
      vector[at++] = count === 0 ? Number.NaN : sum / count;
    }
  }
  const noon = (first + Math.floor(slotsPerDay / 2)) * FEATURES;
  const weekday = rows[noon + featureIndex.weekday] as number;
  const feast = rows[noon + featureIndex.holiday] === 1;
  for (let one = 0; one < WEEKDAYS; one++) vector[at++] = one === weekday && !feast ? 1 : 0;
  return vector;
}
