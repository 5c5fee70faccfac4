/** Boosted trees, flat: node n of all trees in one set of arrays. */
export interface TreeEnsemble {
  features: number;
  /** What a row has before the first tree. */
  base: number;
  /** Root node of each tree. */
  roots: Int32Array;
  /** -1: a leaf. */
  feature: Int16Array;
  /** Right when the value is above it, left otherwise and when the value is missing. */
  threshold: Float64Array;
  /** Left child; the right one follows it. */
  left: Int32Array;
  /** Added by a leaf. */
  leafValue: Float64Array;
}

/** Sum of the trees for row values `x[at] … x[at + features - 1]`. */
export function predictTrees(ensemble: TreeEnsemble, x: Float64Array, at = 0): number {
  const { roots, feature, threshold, left, leafValue } = ensemble;
  let sum = ensemble.base;
  for (let tree = 0; tree < roots.length; tree++) {
    let node = roots[tree] as number;
    for (let split = feature[node] as number; split >= 0; split = feature[node] as number) {
      node = (left[node] as number) + ((x[at + split] as number) > (threshold[node] as number) ? 1 : 0);
    }
    sum += leafValue[node] as number;
  }
  return sum;
}
