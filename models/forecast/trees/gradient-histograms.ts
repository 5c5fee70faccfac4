import type { BinnedMatrix } from './feature-bins.ts';

/**
 * A mark is a row's weight and gradient in one number: weight × 2²⁷ + gradient, both whole numbers of a unit that the booster chooses. Sums of marks are
 * exact in a double as long as the weights stay below 2²⁶ and the gradients within ± 2²⁶: one addition counts both, in any order, without rounding.
 * Source for gradients of few bits: Shi et al., "Quantized training of gradient boosting decision trees", NeurIPS 2022.
 */
const WEIGHT_STEP = 2 ** 27;
export const MOST_WEIGHT = 2 ** 26;
export const MOST_GRADIENT = 2 ** 26 - 1;
/** Adding it and taking it away rounds a double to a whole one: the last digit of a number of this size is 1. */
const ROUNDING = 1.5 * 2 ** 52;
const STEP_ROUNDING = ROUNDING * WEIGHT_STEP;

/** Whole number nearest to `value`. @param value within ± 2⁵¹ */
export const rounded = (value: number): number => value + ROUNDING - ROUNDING;

/** Both in their units. */
export const markOf = (weight: number, gradient: number): number => rounded(weight) * WEIGHT_STEP + rounded(gradient);

/** Weight in a sum of marks, times 2²⁷: what is left of the sum is the gradient. */
export const stepsOf = (sum: number): number => sum + STEP_ROUNDING - STEP_ROUNDING;

/** Weight that `steps` of a sum stand for. */
export const weightOfSteps = (steps: number): number => steps / WEIGHT_STEP;
export const stepsOfWeight = (weight: number): number => weight * WEIGHT_STEP;

/** Features in one column of 32 bits, a byte each. */
const LANES = 4;
const LANE = 256;

/** Bins of the chosen features, four features in a column: feature `chosen[4 * c + l]` of a row is byte l of `columns[c][row]`. */
export interface LaneColumns {
  chosen: Int32Array;
  columns: Uint32Array[];
}

/** Sums of marks by bin: of feature `chosen[4 * c + l]` at `256 * l` of `histogram[c]`. */
export type Histogram = readonly Float64Array[];

export const emptyHistogram = (features: number): Histogram =>
  Array.from({ length: Math.ceil(features / LANES) }, () => new Float64Array(LANES * LANE));

/** Sums by bin of the feature at place `at` of the chosen ones. */
export const laneOf = (histogram: Histogram, at: number): { sums: Float64Array; from: number } => ({
  sums: histogram[Math.floor(at / LANES)] as Float64Array,
  from: (at % LANES) * LANE,
});

/** Lays the chosen features of some rows side by side, into `columns`. A lane without a feature holds nothing that is read. */
export function fillLanes({ chosen, columns }: LaneColumns, { bins, rows }: BinnedMatrix, sample: Int32Array): void {
  for (let first = 0; first < chosen.length; first += LANES) {
    const column = columns[first / LANES] as Uint32Array;
    // The lanes left over repeat the first feature.
    const [a, b, c, d] = [0, 1, 2, 3].map((lane) => {
      const feature = chosen[first + lane] ?? (chosen[first] as number);
      return bins.subarray(feature * rows, (feature + 1) * rows);
    }) as [Uint8Array, Uint8Array, Uint8Array, Uint8Array];
    fillColumn(column, sample, a, b, c, d);
  }
}

function fillColumn(
  column: Uint32Array,
  rows: Int32Array,
  a: Uint8Array,
  b: Uint8Array,
  c: Uint8Array,
  d: Uint8Array,
): void {
  for (let at = 0; at < rows.length; at++) {
    const row = rows[at] as number;
    column[row] =
      (a[row] as number) | ((b[row] as number) << 8) | ((c[row] as number) << 16) | ((d[row] as number) << 24);
  }
}

/**
 * Counts into a histogram, anew.
 * @param rows counted ones
 * @param marks theirs, in the same order
 */
export function countMarks(
  histogram: Histogram,
  { chosen, columns }: LaneColumns,
  rows: Int32Array,
  marks: Float64Array,
): void {
  for (let column = 0; column * LANES < chosen.length; column++) {
    const sums = histogram[column] as Float64Array;
    sums.fill(0);
    addToColumn(sums, columns[column] as Uint32Array, rows, marks);
  }
}

/** The four sums of a row are in different lanes, so none waits for another. */
function addToColumn(sums: Float64Array, column: Uint32Array, rows: Int32Array, marks: Float64Array): void {
  for (let at = 0; at < rows.length; at++) {
    const four = column[rows[at] as number] as number;
    const mark = marks[at] as number;
    const a = four & 255;
    const b = LANE | ((four >>> 8) & 255);
    const c = (2 * LANE) | ((four >>> 16) & 255);
    const d = (3 * LANE) | (four >>> 24);
    sums[a] = (sums[a] as number) + mark;
    sums[b] = (sums[b] as number) + mark;
    sums[c] = (sums[c] as number) + mark;
    sums[d] = (sums[d] as number) + mark;
  }
}

/** Takes `less` away from `histogram`. */
export function subtractHistogram(histogram: Histogram, less: Histogram, features: number): void {
  for (let column = 0; column * LANES < features; column++) {
    const sums = histogram[column] as Float64Array;
    const taken = less[column] as Float64Array;
    for (let slot = 0; slot < sums.length; slot++) sums[slot] = (sums[slot] as number) - (taken[slot] as number);
  }
}
