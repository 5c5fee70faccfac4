import { factorCholesky, solveFactored } from '../linear/cholesky.ts';
import { VECTOR_WIDTH, vectorCounts } from './day-vector.ts';

/** A day that is over: what its origin knew, and how far its load ran from the weekly profile. */
export interface PastDay {
  vector: Float64Array;
  /** By slot, relative to the level of the origin; NaN where unknown. */
  curve: Float64Array;
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
/** Variance of what no vector explains, against what likeness explains: the likeliest of these is taken. */
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
    ({ curve }) => curve.reduce((count, one) => count + (Number.isNaN(one) ? 0 : 1), 0) * 2 > slotsPerDay,
  );
  const n = known.length;
  if (n < LEAST_DAYS) return undefined;
  const scale = scaleOf(known);
  const days = new Float32Array(n * VECTOR_WIDTH);
  const weights = new Float64Array(n * slotsPerDay);
  for (const [day, { vector, curve }] of known.entries()) {
    place(vector, scale, days, day * VECTOR_WIDTH);
    for (let slot = 0; slot < slotsPerDay; slot++) {
      const value = curve[slot] as number;
      weights[day * slotsPerDay + slot] = Number.isNaN(value) ? 0 : value;
    }
  }
  const covariance = covariances(days, n);
  const noise = likeliestNoise(covariance, weights, n, slotsPerDay);
  for (let day = 0; day < n; day++) covariance[day * n + day] = (covariance[day * n + day] as number) + noise;
  factorCholesky(covariance, n);
  solveFactored(covariance, weights, n, slotsPerDay);
  return { scale, days, weights: Float32Array.from(weights) };
}

/** How far the load of the day with this vector will run from the weekly profile, by slot, relative to the level. */
export function predictDayCurves({ scale, days, weights }: DayCurves, vector: Float64Array): Float64Array {
  const n = days.length / VECTOR_WIDTH;
  const slotsPerDay = weights.length / n;
  const placed = new Float32Array(VECTOR_WIDTH);
  place(vector, scale, placed, 0);
  const curve = new Float64Array(slotsPerDay);
  for (let day = 0; day < n; day++) {
    const likeness = covarianceOf(placed, 0, days, day * VECTOR_WIDTH);
    for (let slot = 0; slot < slotsPerDay; slot++) {
      curve[slot] = (curve[slot] as number) + likeness * (weights[day * slotsPerDay + slot] as number);
    }
  }
  return curve;
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

/** The noise under which the newest days are likeliest. */
function likeliestNoise(covariance: Float64Array, curves: Float64Array, n: number, slotsPerDay: number): number {
  const count = Math.min(n, CHOOSING_DAYS);
  const first = n - count;
  const newest = curves.subarray(first * slotsPerDay);
  let best = { noise: NOISES[0] as number, likelihood: Number.NEGATIVE_INFINITY };
  for (const noise of NOISES) {
    const factor = new Float64Array(count * count);
    for (let row = 0; row < count; row++) {
      const from = (first + row) * n + first;
      factor.set(covariance.subarray(from, from + row + 1), row * count);
      factor[row * count + row] = (factor[row * count + row] as number) + noise;
    }
    factorCholesky(factor, count);
    const solution = newest.slice();
    solveFactored(factor, solution, count, slotsPerDay);
    let fit = 0;
    for (const [index, value] of newest.entries()) fit += value * (solution[index] as number);
    let logDeterminant = 0;
    for (let row = 0; row < count; row++) logDeterminant += 2 * Math.log(factor[row * count + row] as number);
    const likelihood = -Math.log(fit / newest.length) / 2 - logDeterminant / (2 * count);
    if (likelihood > best.likelihood) best = { noise, likelihood };
  }
  return best.noise;
}
