import { factorCholesky, solveFactored } from './cholesky.ts';

/** Sums of a regression whose older rows count less and less. */
export interface RidgeSums {
  width: number;
  /** Lower triangle of Σ w x xᵀ, row-major in a full square. */
  gram: Float64Array;
  /** Σ w x y. */
  moments: Float64Array;
  /** Σ w. */
  weight: number;
}

export const ridgeSums = (width: number): RidgeSums => ({
  width,
  gram: new Float64Array(width * width),
  moments: new Float64Array(width),
  weight: 0,
});

/** Lets what was added before count `share` as much. */
export function fade(sums: RidgeSums, share: number): void {
  const { width, gram, moments } = sums;
  for (let row = 0; row < width; row++) {
    for (let column = 0; column <= row; column++) {
      gram[row * width + column] = (gram[row * width + column] as number) * share;
    }
    moments[row] = (moments[row] as number) * share;
  }
  sums.weight *= share;
}

export function addRow(sums: RidgeSums, x: Float64Array, y: number): void {
  const { width, gram, moments } = sums;
  for (let row = 0; row < width; row++) {
    const value = x[row] as number;
    if (value === 0) continue;
    const at = row * width;
    for (let column = 0; column <= row; column++) {
      gram[at + column] = (gram[at + column] as number) + value * (x[column] as number);
    }
    moments[row] = (moments[row] as number) + value * y;
  }
  sums.weight += 1;
}

/**
 * Coefficients that make Σ w (y - x·c)² + penalty · Σ Var(xⱼ) cⱼ² least: the penalty is the same whatever a column's unit is. Column 0 is the
 * constant and is not penalised. Source: Hoerl and Kennard, "Ridge regression", Technometrics 12 (1970).
 * @param penalty in rows: so many rows of evidence stand against each coefficient
 */
export function solveRidge(sums: RidgeSums, penalty: number, coefficients: Float64Array, scratch: Float64Array): void {
  const { width, gram, moments, weight } = sums;
  coefficients.fill(0);
  const active: number[] = [];
  for (let column = 0; column < width; column++) if ((gram[column * width + column] as number) > 0) active.push(column);
  const n = active.length;
  const right = scratch.subarray(n * n, n * n + n);
  for (let row = 0; row < n; row++) {
    const from = (active[row] as number) * width;
    for (let column = 0; column <= row; column++) {
      scratch[row * n + column] = gram[from + (active[column] as number)] as number;
    }
    right[row] = moments[active[row] as number] as number;
    const square = gram[from + (active[row] as number)] as number;
    const mean = (gram[from] as number) / weight;
    const variance = active[row] === 0 ? 0 : Math.max(0, square / weight - mean * mean);
    // The last term keeps columns that say the same apart from each other's rounding.
    scratch[row * n + row] = square * (1 + 1e-7) + penalty * variance;
  }
  factorCholesky(scratch, n);
  solveFactored(scratch, right, n, 1);
  for (let row = 0; row < n; row++) coefficients[active[row] as number] = right[row] as number;
}
