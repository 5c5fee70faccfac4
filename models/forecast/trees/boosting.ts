import type { BinnedMatrix } from './feature-bins.ts';
import { quantileMarker, squaredMarker } from './row-marks.ts';
import { drawer, seededRandom } from './seeded-random.ts';
import type { TreeEnsemble } from './tree-ensemble.ts';
import { type LeafRows, treeGrower } from './tree-grower.ts';

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
  const { loss } = options;
  const { rows } = matrix;
  const random = seededRandom(options.seed);
  const grower = treeGrower(matrix, options);
  const residuals = new Float64Array(rows);
  const base = startOf(target, weights, loss);
  for (let row = 0; row < rows; row++) residuals[row] = (target[row] as number) - base;
  const marker = loss.kind === 'squared' ? squaredMarker(weights) : quantileMarker(weights, loss.level);
  const leafValue = leafValues(residuals, weights, options);

  const nodes: { feature: number; threshold: number; left: number; leafValue: number }[] = [];
  const roots: number[] = [];
  const values = new Float64Array(options.maxLeaves);
  // A feature of one bin cannot split.
  const splitting = Int32Array.from(matrix.edges.keys()).filter((feature) => (matrix.edges[feature]?.length ?? 0) > 0);
  const draw = {
    rows: drawer(random, rows, Math.max(1, Math.round(options.rowShare * rows))),
    features: drawer(random, splitting.length, Math.max(1, Math.round(options.featureShare * splitting.length))),
  };

  for (let round = 0; round < options.trees; round++) {
    options.signal?.throwIfAborted();
    const units = marker.mark(residuals);
    const drawn = draw.rows();
    const chosen = draw.features().sample.map((at) => splitting[at] as number);
    const tree = grower.grow(drawn, chosen, marker.marks, units);
    for (let leaf = 0; leaf < tree.leaves; leaf++) {
      values[leaf] = leafValue(rowsOfLeaf(tree.sample, leaf));
      for (const part of [tree.sample, tree.others]) {
        addToRows(residuals, rowsOfLeaf(part, leaf), -(values[leaf] as number));
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

const rowsOfLeaf = ({ rows, from, to }: LeafRows, leaf: number): Int32Array => rows.subarray(from[leaf], to[leaf]);

function addToRows(residuals: Float64Array, rows: Int32Array, value: number): void {
  for (let at = 0; at < rows.length; at++) {
    const row = rows[at] as number;
    residuals[row] = (residuals[row] as number) + value;
  }
}

/** Value that a tree gives to a leaf of these rows. */
function leafValues(
  residuals: Float64Array,
  weights: Float32Array,
  { loss, learningRate, l2 }: BoostingOptions,
): (rows: Int32Array) => number {
  if (loss.kind === 'squared') {
    return (rows) => {
      let sum = 0;
      let weight = 0;
      for (let at = 0; at < rows.length; at++) {
        const row = rows[at] as number;
        sum += (residuals[row] as number) * (weights[row] as number);
        weight += weights[row] as number;
      }
      return (learningRate * sum) / (weight + l2);
    };
  }
  const leafResiduals = new Float64Array(residuals.length);
  const leafWeights = new Float64Array(residuals.length);
  return (rows) => {
    for (let at = 0; at < rows.length; at++) {
      const row = rows[at] as number;
      leafResiduals[at] = residuals[row] as number;
      leafWeights[at] = weights[row] as number;
    }
    return learningRate * weightedQuantile(leafResiduals, leafWeights, rows.length, loss.level);
  };
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
