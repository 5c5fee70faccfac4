import { factorCholesky, solveFactored } from '../linear/cholesky.ts';
import { VECTOR_WIDTH, vectorCounts } from './day-vector.ts';

/** What an origin knows of a day. Loads are by slot, relative to the level of the origin. */
export interface DayOutlook {
  vector: Float64Array;
  /** What the same weekday of the weeks before was like; NaN where unknown. */
  profile: Float64Array;
  /** What the days before were like. */
  recent: Float64Array;
}

/** A day that is over. */
export interface PastDay extends DayOutlook {
  /** NaN where unknown. */
  load: Float64Array;
}

/** What brings the numbers of a vector to one measure. */
interface VectorScale {
  means: Float64Array;
  /** Standard deviations; Infinity where the days do not differ. */
  spreads: Float64Array;
  /** On every number, so that a length means the same whatever is known. */
  share: number;
}

/** A fitted process; plain data. */
export interface DayCurves {
  scale: VectorScale;
  /** How much of what is expected beforehand is the weekly profile; the rest is the recent days. */
  profileShare: number;
  /** By day and number: the days it learned from, centred and scaled. */
  days: Float32Array;
  /** By day and slot. */
  weights: Float32Array;
}

/** Days before a process is fitted. */
const LEAST_DAYS = 28;
/** Distance at which two days have little to tell of each other [P]. */
const LENGTH = 1.2;
/** A number further from its mean, in standard deviations, counts as one so far. */
const FURTHEST = 4;
/** Days differ in a number only beyond rounding. */
const LEAST_SPREAD = 1e-9;
/** Shares of the profile, and variances of what no vector explains against what likeness explains: the likeliest of these are taken. */
const PROFILE_SHARES = [0.5, 0];
const NOISES = [0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100];
/** Days that choose among them. */
const CHOOSING_DAYS = 180;
/** Variance of the mean of all days. */
const CONSTANT = 0.1;

/**
 * A Gaussian process over whole days: a day runs as those ran that began alike, in weather, calendar and the load before. Its covariance is a linear
 * and a squared exponential one of the days' vectors; all slots share it. Source: Rasmussen and Williams, "Gaussian Processes for Machine
 * Learning" (2006), equations 2.25 and 5.8, with the amplitude taken out.
 * @param past in order of time
 * @returns undefined of too few days.
 */
export function fitDayCurves(past: readonly PastDay[], slotsPerDay: number): DayCurves | undefined {
  const known = past.filter(
    ({ load }) => load.reduce((count, one) => count + (Number.isNaN(one) ? 0 : 1), 0) * 2 > slotsPerDay,
  );
  const n = known.length;
  if (n < LEAST_DAYS) return undefined;
  const scale = scaleOf(known);
  const days = new Float32Array(n * VECTOR_WIDTH);
  for (const [day, { vector }] of known.entries()) place(vector, scale, days, day * VECTOR_WIDTH);
  const covariance = covariances(days, n);
  const { profileShare, noise } = likeliest(known, covariance, slotsPerDay);
  for (let day = 0; day < n; day++) covariance[day * n + day] = (covariance[day * n + day] as number) + noise;
  factorCholesky(covariance, n);
  const weights = surprises(known, profileShare, slotsPerDay);
  solveFactored(covariance, weights, n, slotsPerDay);
  return { scale, profileShare, days, weights: Float32Array.from(weights) };
}

/** The load that is expected of a day, by slot, relative to the level. */
export function predictDayCurves({ scale, profileShare, days, weights }: DayCurves, day: DayOutlook): Float64Array {
  const n = days.length / VECTOR_WIDTH;
  const slotsPerDay = weights.length / n;
  const placed = new Float32Array(VECTOR_WIDTH);
  place(day.vector, scale, placed, 0);
  const load = Float64Array.from({ length: slotsPerDay }, (_, slot) => beforehand(day, profileShare, slot));
  for (let past = 0; past < n; past++) {
    const likeness = covarianceOf(placed, 0, days, past * VECTOR_WIDTH);
    for (let slot = 0; slot < slotsPerDay; slot++) {
      load[slot] = (load[slot] as number) + likeness * (weights[past * slotsPerDay + slot] as number);
    }
  }
  return load;
}

function beforehand({ profile, recent }: DayOutlook, profileShare: number, slot: number): number {
  const typical = profile[slot] as number;
  const late = recent[slot] as number;
  return Number.isNaN(typical) ? late : profileShare * typical + (1 - profileShare) * late;
}

/** By day and slot, how far the load ran from what was expected beforehand; 0 where it is unknown. */
function surprises(days: readonly PastDay[], profileShare: number, slotsPerDay: number): Float64Array {
  const numbers = new Float64Array(days.length * slotsPerDay);
  for (const [index, day] of days.entries()) {
    for (let slot = 0; slot < slotsPerDay; slot++) {
      const surprise = (day.load[slot] as number) - beforehand(day, profileShare, slot);
      numbers[index * slotsPerDay + slot] = Number.isNaN(surprise) ? 0 : surprise;
    }
  }
  return numbers;
}

function scaleOf(known: readonly PastDay[]): VectorScale {
  const means = new Float64Array(VECTOR_WIDTH);
  const spreads = new Float64Array(VECTOR_WIDTH).fill(Number.POSITIVE_INFINITY);
  let total = 0;
  for (let index = 0; index < VECTOR_WIDTH; index++) {
    const numbers = known.map(({ vector }) => vector[index] as number).filter((one) => !Number.isNaN(one));
    const mean = numbers.reduce((sum, one) => sum + one, 0) / numbers.length;
    const spread = Math.sqrt(numbers.reduce((sum, one) => sum + (one - mean) ** 2, 0) / numbers.length);
    if (!(spread > LEAST_SPREAD)) continue;
    means[index] = mean;
    spreads[index] = spread;
    total += (vectorCounts[index] as number) ** 2;
  }
  return { means, spreads, share: total > 0 ? 1 / Math.sqrt(total) : 0 };
}

/** Writes a vector's place among the days; what is unknown is at the mean. */
function place(vector: Float64Array, { means, spreads, share }: VectorScale, out: Float32Array, at: number): void {
  for (let index = 0; index < VECTOR_WIDTH; index++) {
    const distance = ((vector[index] as number) - (means[index] as number)) / (spreads[index] as number);
    const near = Math.min(FURTHEST, Math.max(-FURTHEST, distance));
    out[at + index] = Number.isNaN(near) ? 0 : near * (vectorCounts[index] as number) * share;
  }
}

function covarianceOf(left: Float32Array, leftAt: number, right: Float32Array, rightAt: number): number {
  let product = 0;
  let squares = 0;
  for (let index = 0; index < VECTOR_WIDTH; index++) {
    const one = left[leftAt + index] as number;
    const other = right[rightAt + index] as number;
    product += one * other;
    squares += (one - other) * (one - other);
  }
  return product + Math.exp(-squares / (2 * LENGTH * LENGTH)) + CONSTANT;
}

/** Row-major; the lower triangle is filled. */
function covariances(days: Float32Array, n: number): Float64Array {
  const matrix = new Float64Array(n * n);
  for (let row = 0; row < n; row++) {
    for (let column = 0; column <= row; column++) {
      matrix[row * n + column] = covarianceOf(days, row * VECTOR_WIDTH, days, column * VECTOR_WIDTH);
    }
  }
  return matrix;
}

/** Under which of the choices the newest days are likeliest. */
function likeliest(
  known: readonly PastDay[],
  covariance: Float64Array,
  slotsPerDay: number,
): { profileShare: number; noise: number } {
  const n = known.length;
  const count = Math.min(n, CHOOSING_DAYS);
  const first = n - count;
  const newest = PROFILE_SHARES.map((profileShare) => ({
    profileShare,
    numbers: surprises(known.slice(first), profileShare, slotsPerDay),
  }));
  let best = { profileShare: 0, noise: 0, likelihood: Number.NEGATIVE_INFINITY };
  for (const noise of NOISES) {
    const factor = new Float64Array(count * count);
    for (let row = 0; row < count; row++) {
      const from = (first + row) * n + first;
      factor.set(covariance.subarray(from, from + row + 1), row * count);
      factor[row * count + row] = (factor[row * count + row] as number) + noise;
    }
    factorCholesky(factor, count);
    let logDeterminant = 0;
    for (let row = 0; row < count; row++) logDeterminant += 2 * Math.log(factor[row * count + row] as number);
    for (const { profileShare, numbers } of newest) {
      const solution = numbers.slice();
      solveFactored(factor, solution, count, slotsPerDay);
      let fit = 0;
      for (const [index, value] of numbers.entries()) fit += value * (solution[index] as number);
      const likelihood = -Math.log(fit / numbers.length) / 2 - logDeterminant / (2 * count);
      if (likelihood > best.likelihood) best = { profileShare, noise, likelihood };
    }
  }
  return best;
}
