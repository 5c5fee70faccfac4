/** Parts of a whole: the leaves of a tree of entities, and for each entity the leaves below it. */
export interface Hierarchy {
  leaves: readonly string[];
  /** Every entity, the leaves among them, with the places in `leaves` of what it is the sum of. */
  entities: readonly { id: string; leaves: readonly number[] }[];
}

/**
 * Forecasts that add up: the leaves nearest to all entities' forecasts, each distance counted by the inverse of its error's variance, and every
 * entity as the sum of its leaves. Source: Wickramasinghe, Athanasopoulos and Hyndman, "Optimal forecast reconciliation … through trace minimization", JASA 114 (2019),
 * with a diagonal error covariance (MinT with variance scaling; equal variances make it ordinary least squares).
 * @param forecasts of each entity, in order of `entities`; NaN where there is none: the others decide
 * @param variances of the forecasts' errors, positive
 * @returns by entity
 * @throws RangeError if a leaf is under no entity that has a forecast
 */
export function reconcile(hierarchy: Hierarchy, forecasts: Float64Array, variances: Float64Array): Float64Array {
  const count = hierarchy.leaves.length;
  const normal = new Float64Array(count * count);
  const right = new Float64Array(count);
  for (const [index, { leaves }] of hierarchy.entities.entries()) {
    const forecast = forecasts[index] as number;
    if (Number.isNaN(forecast)) continue;
    const weight = 1 / (variances[index] as number);
    for (const leaf of leaves) {
      right[leaf] = (right[leaf] as number) + weight * forecast;
      for (const other of leaves) {
        normal[leaf * count + other] = (normal[leaf * count + other] as number) + weight;
      }
    }
  }
  const leaves = solveSymmetric(normal, right, hierarchy.leaves);
  return Float64Array.from(hierarchy.entities, ({ leaves: below }) =>
    below.reduce((sum, leaf) => sum + (leaves[leaf] as number), 0),
  );
}

/** Cholesky. */
function solveSymmetric(a: Float64Array, b: Float64Array, names: readonly string[]): Float64Array {
  const n = names.length;
  for (let row = 0; row < n; row++) {
    const diagonal = a[row * n + row] as number;
    for (let column = 0; column <= row; column++) {
      let sum = a[row * n + column] as number;
      for (let k = 0; k < column; k++) sum -= (a[row * n + k] as number) * (a[column * n + k] as number);
      if (column < row) a[row * n + column] = sum / (a[column * n + column] as number);
      else if (sum > 1e-10 * diagonal) a[row * n + row] = Math.sqrt(sum);
      else throw new RangeError(`the forecasts do not say how much ${names[row]} has`);
    }
  }
  for (let row = 0; row < n; row++) {
    for (let k = 0; k < row; k++) b[row] = (b[row] as number) - (a[row * n + k] as number) * (b[k] as number);
    b[row] = (b[row] as number) / (a[row * n + row] as number);
  }
  for (let row = n - 1; row >= 0; row--) {
    for (let k = row + 1; k < n; k++) b[row] = (b[row] as number) - (a[k * n + row] as number) * (b[k] as number);
    b[row] = (b[row] as number) / (a[row * n + row] as number);
  }
  return b;
}
