import type { BinnedMatrix } from './feature-bins.ts';
import {
  countMarks,
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

  let laidOut = 0;
  const choose = (chosen: Int32Array, sample: Int32Array) => {
    const same = chosen.length === lanes.chosen.length && chosen.every((feature, at) => feature === lanes.chosen[at]);
    if (same && laidOut === rowCount) return;
    lanes.chosen = chosen;
    laidOut = sample.length;
    fillLanes(lanes, matrix, sample);
  };

  const fill = (leaf: number, marks: Float64Array) => {
    const rows = tree.sample.rows.subarray(tree.sample.from[leaf], tree.sample.to[leaf]);
    for (let at = 0; at < rows.length; at++) ordered[at] = marks[rows[at] as number] as number;
    countMarks(histograms[leaf] as Histogram, lanes, rows, ordered);
  };

  /** @param steps least weight of a leaf, penalty and least gain: weights in steps of a sum of marks, gradients whole */
  const findSplit = (leaf: number, steps: { minLeaf: number; l2: number; minGain: number }) => {
    const sum = sums[leaf] as number;
    const weight = stepsOf(sum);
    const gradient = sum - weight;
    const both = weight + 2 * steps.l2;
    // What a split wins beyond this is from its own unevenness alone.
    const even = gradient ** 2 / (weight + steps.l2) - gradient ** 2 / both;
    best.gain[leaf] = 0;
    if (weight < 2 * steps.minLeaf) return;
    const search: SplitSearch = {
      over: (even + steps.minGain) / both,
      under: 1,
      slot: -1,
      leftSum: 0,
    };
    let at = -1;
    for (let place = 0; place < lanes.chosen.length; place++) {
      const { sums, from } = laneOf(histograms[leaf] as Histogram, place);
      const last = (matrix.edges[lanes.chosen[place] as number] as Float64Array).length + 1;
      if (searchLane(search, sums, from, from + last, sum, steps)) at = place;
    }
    if (at < 0) return;
    best.gain[leaf] = (search.over / search.under) * both - even;
    best.feature[leaf] = lanes.chosen[at] as number;
    best.bin[leaf] = search.slot - laneOf(histograms[leaf] as Histogram, at).from;
    best.leftSum[leaf] = search.leftSum;
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
      choose(chosen, rows.sample);
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

/** The best split so far: its unevenness as a fraction, so that only comparing it needs no division. */
interface SplitSearch {
  over: number;
  under: number;
  /** Last slot of the left part. */
  slot: number;
  leftSum: number;
}

/**
 * Tries every split of one feature. With gradients L and R and penalised weights A and B of the parts, L²/A + R²/B = (L + R)²/(A + B) + (A + B) d²/AB
 * where d = L - A (L + R)/(A + B): only d²/AB differs from split to split.
 * @returns whether one is better than the best so far, which it then is.
 */
function searchLane(
  search: SplitSearch,
  histogram: Float64Array,
  from: number,
  end: number,
  sum: number,
  { minLeaf, l2 }: { minLeaf: number; l2: number },
): boolean {
  let { over, under } = search;
  let found = -1;
  let left = 0;
  let leftOfFound = 0;
  const weight = stepsOf(sum);
  const both = weight + 2 * l2;
  const mean = (sum - weight) / both;
  const least = minLeaf + l2;
  for (let slot = from; slot < end; slot++) {
    left += histogram[slot] as number;
    const leftWeight = stepsOf(left);
    const leftUnder = leftWeight + l2;
    if (leftUnder < least) continue;
    const rightUnder = both - leftUnder;
    if (rightUnder < least) break;
    const uneven = left - leftWeight - leftUnder * mean;
    const here = uneven * uneven;
    const hereUnder = leftUnder * rightUnder;
    if (here * under > over * hereUnder) {
      over = here;
      under = hereUnder;
      found = slot;
      leftOfFound = left;
    }
  }
  if (found < 0) return false;
  search.over = over;
  search.under = under;
  search.slot = found;
  search.leftSum = leftOfFound;
  return true;
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
