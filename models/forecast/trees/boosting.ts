import type { BinnedMatrix } from './feature-bins.ts';
import { sampleAscending, seededRandom } from './seeded-random.ts';
import type { TreeEnsemble } from './tree-ensemble.ts';
import { treeGrower } from './tree-grower.ts';

/** What boosting makes least: the mean squared error, or the pinball loss of a quantile. */
export type Loss = { kind: 'squared' } | { kind: 'quantile'; level: number };

export interface BoostingOptions {
  loss: Loss;
  trees: number;
  learningRate: number;
  maxLeaves: number;
  /** Least weight of rows in a leaf. */
  minLeafWeight: number;
  l2: number;
  /** Share of rows each tree sees. */
  rowShare: number;
  /** Share of features each tree sees. */
  featureShare: number;
  seed: number;
  /** Asked between trees: ends early with an error. */
  signal?: AbortSignal | undefined;
}

/**
 * Gradient boosting over histograms. Leaves of a quantile loss take the quantile of their residuals, as a tree's gradient only tells
 * the direction. Source: Friedman, "Greedy function approximation", Annals of Statistics 29 (2001), algorithms 1 to 4.
 * @param target by row
 * @param weights by row, positive
 */
export function boost(
  matrix: BinnedMatrix,
  target: Float64Array,
  weights: Float32Array,
  options: BoostingOptions,
): TreeEnsemble {
  const { loss, learningRate, l2 } = options;
  const { rows } = matrix;
  const random = seededRandom(options.seed);
  const grower = treeGrower(matrix, options);
  const everyRow = Int32Array.from({ length: rows }, (_, row) => row);
  const residuals = new Float64Array(rows);
  const gradients = new Float32Array(rows);
  const leafResiduals = new Float64Array(rows);
  const leafWeights = new Float64Array(rows);
  const base = startOf(target, weights, loss);
  for (let row = 0; row < rows; row++) residuals[row] = (target[row] as number) - base;

  const nodes: { feature: number; threshold: number; left: number; leafValue: number }[] = [];
  const roots: number[] = [];
  const values = new Float64Array(options.maxLeaves);
  const sampleSize = Math.max(1, Math.round(options.rowShare * rows));
  // A feature of one bin cannot split.
  const splitting = Int32Array.from(matrix.edges.keys()).filter((feature) => (matrix.edges[feature]?.length ?? 0) > 0);
  const featureCount = Math.max(1, Math.round(options.featureShare * splitting.length));
  const inSample = new Uint8Array(rows);

  for (let round = 0; round < options.trees; round++) {
    options.signal?.throwIfAborted();
    setGradients(gradients, residuals, weights, loss);
    const sample = sampleSize === rows ? everyRow : sampleAscending(random, rows, sampleSize);
    const chosen = sampleAscending(random, splitting.length, featureCount).map((at) => splitting[at] as number);
    const tree = grower.grow(sample, chosen, gradients, weights);
    for (let leaf = 0; leaf < tree.leaves; leaf++) {
      const from = tree.leafFrom[leaf] as number;
      const to = tree.leafTo[leaf] as number;
      if (loss.kind === 'squared') {
        values[leaf] = (-learningRate * (tree.gradientOf[leaf] as number)) / ((tree.weightOf[leaf] as number) + l2);
      } else {
        for (let at = from; at < to; at++) {
          leafResiduals[at - from] = residuals[tree.rows[at] as number] as number;
          leafWeights[at - from] = weights[tree.rows[at] as number] as number;
        }
        values[leaf] = learningRate * weightedQuantile(leafResiduals, leafWeights, to - from, loss.level);
      }
      const value = values[leaf] as number;
      for (let at = from; at < to; at++) {
        const row = tree.rows[at] as number;
        residuals[row] = (residuals[row] as number) - value;
      }
    }
    if (sample !== everyRow) {
      inSample.fill(0);
      for (let at = 0; at < sample.length; at++) inSample[sample[at] as number] = 1;
      for (let row = 0; row < rows; row++) {
        if (inSample[row] === 1) continue;
        let node = 0;
        for (let split = tree.feature[0] as number; split >= 0; split = tree.feature[node] as number) {
          const goesLeft = (matrix.bins[split * rows + row] as number) <= (tree.bin[node] as number);
          node = (goesLeft ? tree.left[node] : tree.right[node]) as number;
        }
        residuals[row] = (residuals[row] as number) - (values[tree.leafOf[node] as number] as number);
      }
    }
    const root = nodes.length;
    roots.push(root);
    for (let node = 0; node < tree.nodes; node++) {
      const feature = tree.feature[node] as number;
      const bin = tree.bin[node] as number;
      nodes.push(
        feature < 0
          ? { feature, threshold: 0, left: 0, leafValue: values[tree.leafOf[node] as number] as number }
          : {
              feature,
              threshold: bin === 0 ? Number.NEGATIVE_INFINITY : (matrix.edges[feature]?.[bin - 1] as number),
              left: root + (tree.left[node] as number),
              leafValue: 0,
            },
      );
    }
  }
  return {
    features: matrix.features,
    base,
    roots: Int32Array.from(roots),
    feature: Int16Array.from(nodes, ({ feature }) => feature),
    threshold: Float64Array.from(nodes, ({ threshold }) => threshold),
    left: Int32Array.from(nodes, ({ left }) => left),
    leafValue: Float64Array.from(nodes, ({ leafValue }) => leafValue),
  };
}

function setGradients(gradients: Float32Array, residuals: Float64Array, weights: Float32Array, loss: Loss): void {
  if (loss.kind === 'squared') {
    for (let row = 0; row < gradients.length; row++) {
      gradients[row] = -(residuals[row] as number) * (weights[row] as number);
    }
    return;
  }
  for (let row = 0; row < gradients.length; row++) {
    gradients[row] = ((residuals[row] as number) > 0 ? -loss.level : 1 - loss.level) * (weights[row] as number);
  }
}

function startOf(target: Float64Array, weights: Float32Array, loss: Loss): number {
  if (target.length === 0) return 0;
  if (loss.kind === 'quantile') {
    return weightedQuantile(Float64Array.from(target), Float64Array.from(weights), target.length, loss.level);
  }
  let sum = 0;
  let weight = 0;
  for (let row = 0; row < target.length; row++) {
    sum += (target[row] as number) * (weights[row] as number);
    weight += weights[row] as number;
  }
  return sum / weight;
}

/**
 * Smallest value below or at which lies the share `level` of the weight of `values[0] … values[count - 1]`, by selection in linear
 * time. Reorders both arrays.
 */
export function weightedQuantile(values: Float64Array, weights: Float64Array, count: number, level: number): number {
  let total = 0;
  for (let at = 0; at < count; at++) total += weights[at] as number;
  let wanted = level * total;
  let from = 0;
  let to = count - 1;
  while (from < to) {
    const pivot = values[(from + to) >> 1] as number;
    let low = from;
    let high = to;
    while (low <= high) {
      while ((values[low] as number) < pivot) low++;
      while ((values[high] as number) > pivot) high--;
      if (low > high) break;
      const value = values[low] as number;
      const weight = weights[low] as number;
      values[low] = values[high] as number;
      weights[low] = weights[high] as number;
      values[high--] = value;
      weights[high + 1] = weight;
      low++;
    }
    let below = 0;
    for (let at = from; at <= high; at++) below += weights[at] as number;
    if (high >= from && wanted <= below) {
      to = high;
      continue;
    }
    // Between the parts stand values that equal the pivot.
    let between = 0;
    for (let at = high + 1; at < low; at++) between += weights[at] as number;
    if (wanted <= below + between && low - high > 1) return pivot;
    wanted -= below + between;
    from = low;
  }
  return values[Math.min(from, count - 1)] as number;
}
