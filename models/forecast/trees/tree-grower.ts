import type { BinnedMatrix } from './feature-bins.ts';
import {
  addMarks,
  emptyHistogram,
  fillLanes,
  type Histogram,
  type LaneColumns,
  laneOf,
  stepsOf,
  stepsOfWeight,
  subtractHistogram,
} from './gradient-histograms.ts';

export interface TreeShape {
  maxLeaves: number;
  /** Least weight of rows in a leaf. */
  minLeafWeight: number;
  /** Added to the weight of a leaf: draws its value towards 0. */
  l2: number;
}

/** A grown tree: node 0 is the root; a node whose `feature` is -1 is a leaf. Left holds bins ≤ `bin`; the right child follows the left one. */
export interface GrownTree {
  nodes: number;
  feature: Int32Array;
  bin: Int32Array;
  left: Int32Array;
  /** Leaf number of a leaf node. */
  leafOf: Int32Array;
  leaves: number;
  /** What the tree was grown from. */
  sample: LeafRows;
  /** The other rows, which follow the splits. */
  others: LeafRows;
}

/** Rows of leaf l are `rows[from[l]] … rows[to[l] - 1]`. */
export interface LeafRows {
  rows: Int32Array;
  from: Int32Array;
  to: Int32Array;
}

/** What a mark's whole numbers stand for. */
export interface MarkUnits {
  weight: number;
  gradient: number;
}

/** Least gain of a split. */
const MIN_GAIN = 1e-12;

/**
 * Grows regression trees leaf by leaf, the best split first, from histograms of marks. All buffers are allocated once; a
 * child's histogram is built from its rows for the smaller child only, the larger one's is the parent's less it.
 * Source: Ke et al., "LightGBM: a highly efficient gradient boosting decision tree", NeurIPS 2017, for the method.
 */
export function treeGrower(matrix: BinnedMatrix, shape: TreeShape) {
  const { rows: rowCount, features, bins } = matrix;
  const { maxLeaves } = shape;
  const histograms: Histogram[] = Array.from({ length: maxLeaves }, () => emptyHistogram(features));
  const leafRows = (): LeafRows => ({
    rows: new Int32Array(rowCount),
    from: new Int32Array(maxLeaves),
    to: new Int32Array(maxLeaves),
  });
  const spare = new Int32Array(rowCount);
  const ordered = new Float64Array(rowCount);
  const lanes: LaneColumns = {
    chosen: new Int32Array(),
    columns: emptyHistogram(features).map(() => new Uint32Array(rowCount)),
  };
  const tree: GrownTree = {
    nodes: 0,
    feature: new Int32Array(2 * maxLeaves),
    bin: new Int32Array(2 * maxLeaves),
    left: new Int32Array(2 * maxLeaves),
    leafOf: new Int32Array(2 * maxLeaves),
    leaves: 0,
    sample: leafRows(),
    others: leafRows(),
  };
  const nodeOfLeaf = new Int32Array(maxLeaves);
  const sums = new Float64Array(maxLeaves);
  const best = {
    gain: new Float64Array(maxLeaves),
    feature: new Int32Array(maxLeaves),
    bin: new Int32Array(maxLeaves),
    leftSum: new Float64Array(maxLeaves),
  };

  const choose = (chosen: Int32Array) => {
    if (chosen.length === lanes.chosen.length && chosen.every((feature, at) => feature === lanes.chosen[at])) return;
    lanes.chosen = chosen;
    fillLanes(lanes, matrix);
  };

  const fill = (leaf: number, marks: Float64Array) => {
    const histogram = histograms[leaf] as Histogram;
    for (const column of histogram) column.fill(0);
    const rows = tree.sample.rows.subarray(tree.sample.from[leaf], tree.sample.to[leaf]);
    for (let at = 0; at < rows.length; at++) ordered[at] = marks[rows[at] as number] as number;
    addMarks(histogram, lanes, rows, ordered);
  };

  /**
   * Gains are compared as fractions, so that only a better one is divided. They count in whole gradients squared by steps of weight.
   * @param steps least weight of a leaf, the penalty, and the least gain
   */
  const findSplit = (leaf: number, steps: { minLeaf: number; l2: number; minGain: number }) => {
    const sum = sums[leaf] as number;
    const weight = stepsOf(sum);
    const whole = (sum - weight) ** 2 / (weight + steps.l2);
    best.gain[leaf] = 0;
    if (weight < 2 * steps.minLeaf) return;
    let score = whole + steps.minGain;
    for (let at = 0; at < lanes.chosen.length; at++) {
      const feature = lanes.chosen[at] as number;
      const lane = laneOf(histograms[leaf] as Histogram, at);
      const last = (matrix.edges[feature] as Float64Array).length + 1;
      const found = bestBin(lane.sums, lane.from, lane.from + last, sum, steps.minLeaf, steps.l2, score);
      if (found < 0) continue;
      let leftSum = 0;
      for (let slot = lane.from; slot <= found; slot++) leftSum += lane.sums[slot] as number;
      score = scoreOf(leftSum, sum, steps.l2);
      best.gain[leaf] = score - whole;
      best.feature[leaf] = feature;
      best.bin[leaf] = found - lane.from;
      best.leftSum[leaf] = leftSum;
    }
  };

  /** Left rows of a leaf to its front, in their order, the others behind them under the number `right`. */
  const partition = ({ rows, from, to }: LeafRows, leaf: number, right: number, column: Uint8Array, bin: number) => {
    const first = from[leaf] as number;
    const end = to[leaf] as number;
    const middle = first + divide(rows.subarray(first, end), spare, column, bin);
    to[leaf] = middle;
    from[right] = middle;
    to[right] = end;
  };

  /** Splits `leaf`; the left part keeps its number. @returns the right part's number. */
  const split = (leaf: number): number => {
    const feature = best.feature[leaf] as number;
    const bin = best.bin[leaf] as number;
    const column = bins.subarray(feature * rowCount, (feature + 1) * rowCount);
    const right = tree.leaves++;
    partition(tree.sample, leaf, right, column, bin);
    partition(tree.others, leaf, right, column, bin);
    sums[right] = (sums[leaf] as number) - (best.leftSum[leaf] as number);
    sums[leaf] = best.leftSum[leaf] as number;
    const node = nodeOfLeaf[leaf] as number;
    tree.feature[node] = feature;
    tree.bin[node] = bin;
    tree.left[node] = tree.nodes;
    for (const part of [leaf, right]) {
      const child = tree.nodes++;
      tree.feature[child] = -1;
      tree.leafOf[child] = part;
      nodeOfLeaf[part] = child;
    }
    return right;
  };

  const start = (leaves: LeafRows, rows: Int32Array) => {
    leaves.rows.set(rows);
    leaves.from[0] = 0;
    leaves.to[0] = rows.length;
  };

  return {
    /**
     * Grows one tree.
     * @param rows the sample that the tree is grown from, and the others; each ascending
     * @param chosen features that may split
     * @param marks by row
     * @returns buffers that the next call overwrites.
     */
    grow(
      rows: { sample: Int32Array; others: Int32Array },
      chosen: Int32Array,
      marks: Float64Array,
      units: MarkUnits,
    ): GrownTree {
      const steps = {
        minLeaf: stepsOfWeight(shape.minLeafWeight / units.weight),
        l2: stepsOfWeight(shape.l2 / units.weight),
        minGain: (MIN_GAIN / units.gradient ** 2) * (units.weight / stepsOfWeight(1)),
      };
      choose(chosen);
      start(tree.sample, rows.sample);
      start(tree.others, rows.others);
      sums[0] = 0;
      for (let at = 0; at < rows.sample.length; at++) sums[0] += marks[rows.sample[at] as number] as number;
      tree.nodes = 1;
      tree.leaves = 1;
      tree.feature[0] = -1;
      tree.leafOf[0] = 0;
      nodeOfLeaf[0] = 0;
      fill(0, marks);
      findSplit(0, steps);
      while (tree.leaves < maxLeaves) {
        let leaf = 0;
        for (let candidate = 1; candidate < tree.leaves; candidate++) {
          if ((best.gain[candidate] as number) > (best.gain[leaf] as number)) leaf = candidate;
        }
        if ((best.gain[leaf] as number) <= 0) break;
        const right = split(leaf);
        if (tree.leaves === maxLeaves) break;
        const { from, to } = tree.sample;
        const rightIsSmaller =
          (to[right] as number) - (from[right] as number) <= (to[leaf] as number) - (from[leaf] as number);
        const [smaller, larger] = rightIsSmaller ? [right, leaf] : [leaf, right];
        if (!rightIsSmaller) {
          // The parent's histogram stands under the left part's number: the two change places.
          const parent = histograms[leaf] as Histogram;
          histograms[leaf] = histograms[right] as Histogram;
          histograms[right] = parent;
        }
        fill(smaller, marks);
        subtractHistogram(histograms[larger] as Histogram, histograms[smaller] as Histogram, chosen.length);
        findSplit(leaf, steps);
        findSplit(right, steps);
      }
      return tree;
    },
  };
}

/** Two leaves' gradients squared by their weights. */
function scoreOf(leftSum: number, sum: number, l2: number): number {
  const leftWeight = stepsOf(leftSum);
  const rightSum = sum - leftSum;
  const rightWeight = stepsOf(rightSum);
  return (leftSum - leftWeight) ** 2 / (leftWeight + l2) + (rightSum - rightWeight) ** 2 / (rightWeight + l2);
}

/** Last slot of the left part of the best split whose score is above `least`; -1: there is none. */
function bestBin(
  histogram: Float64Array,
  from: number,
  end: number,
  sum: number,
  minLeaf: number,
  l2: number,
  least: number,
): number {
  let found = -1;
  let over = least;
  let under = 1;
  let left = 0;
  const weight = stepsOf(sum);
  for (let slot = from; slot < end; slot++) {
    left += histogram[slot] as number;
    const leftWeight = stepsOf(left);
    if (leftWeight < minLeaf) continue;
    const rightWeight = weight - leftWeight;
    if (rightWeight < minLeaf) break;
    const leftGradient = left - leftWeight;
    const rightGradient = sum - weight - leftGradient;
    const leftUnder = leftWeight + l2;
    const rightUnder = rightWeight + l2;
    const here = leftGradient * leftGradient * rightUnder + rightGradient * rightGradient * leftUnder;
    const hereUnder = leftUnder * rightUnder;
    if (here * under > over * hereUnder) {
      over = here;
      under = hereUnder;
      found = slot;
    }
  }
  return found;
}

/** Rows whose bin is at most `bin` to the front, each part in its order; without a branch, as none could be foretold. @returns how many are in front. */
function divide(rows: Int32Array, spare: Int32Array, column: Uint8Array, bin: number): number {
  let front = 0;
  for (let at = 0; at < rows.length; at++) {
    const row = rows[at] as number;
    rows[front] = row;
    spare[at - front] = row;
    front += Number((column[row] as number) <= bin);
  }
  rows.set(spare.subarray(0, rows.length - front), front);
  return front;
}
