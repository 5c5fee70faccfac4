import type { BinnedMatrix } from './feature-bins.ts';

export interface TreeShape {
  maxLeaves: number;
  /** Least weight of rows in a leaf. */
  minLeafWeight: number;
  /** Added to the weight of a leaf: draws its value towards 0. */
  l2: number;
}

/** A grown tree: node 0 is the root; a node whose `feature` is -1 is a leaf. Left holds bins ≤ `bin`. */
export interface GrownTree {
  nodes: number;
  feature: Int32Array;
  bin: Int32Array;
  left: Int32Array;
  right: Int32Array;
  /** Leaf number of a leaf node. */
  leafOf: Int32Array;
  leaves: number;
  /** Rows of leaf l are `rows[leafFrom[l]] … rows[leafTo[l] - 1]`. */
  leafFrom: Int32Array;
  leafTo: Int32Array;
  rows: Int32Array;
  gradientOf: Float64Array;
  weightOf: Float64Array;
}

/**
 * Grows regression trees leaf by leaf, the best split first, from histograms of gradients. All buffers are allocated once; a
 * child's histogram is built from its rows for the smaller child only, the larger one's is the parent's less that.
 * Source: Ke et al., "LightGBM: a highly efficient gradient boosting decision tree", NeurIPS 2017, for the method.
 */
export function treeGrower(matrix: BinnedMatrix, shape: TreeShape) {
  const { rows: rowCount, features, bins } = matrix;
  const { maxLeaves, minLeafWeight, l2 } = shape;
  const binCounts = matrix.edges.map((edges) => edges.length + 2);
  const offsets = new Int32Array(features + 1);
  for (let feature = 0; feature < features; feature++) {
    offsets[feature + 1] = (offsets[feature] as number) + (binCounts[feature] as number);
  }
  const histogramLength = (offsets[features] as number) * 2;
  const histograms: Float64Array[] = Array.from({ length: maxLeaves }, () => new Float64Array(histogramLength));
  const rows = new Int32Array(rowCount);
  const spare = new Int32Array(rowCount);
  const orderedGradients = new Float32Array(rowCount);
  const orderedWeights = new Float32Array(rowCount);

  const tree: GrownTree = {
    nodes: 0,
    feature: new Int32Array(2 * maxLeaves),
    bin: new Int32Array(2 * maxLeaves),
    left: new Int32Array(2 * maxLeaves),
    right: new Int32Array(2 * maxLeaves),
    leafOf: new Int32Array(2 * maxLeaves),
    leaves: 0,
    leafFrom: new Int32Array(maxLeaves),
    leafTo: new Int32Array(maxLeaves),
    rows,
    gradientOf: new Float64Array(maxLeaves),
    weightOf: new Float64Array(maxLeaves),
  };
  const nodeOfLeaf = new Int32Array(maxLeaves);
  const bestGain = new Float64Array(maxLeaves);
  const bestFeature = new Int32Array(maxLeaves);
  const bestBin = new Int32Array(maxLeaves);
  const bestLeftGradient = new Float64Array(maxLeaves);
  const bestLeftWeight = new Float64Array(maxLeaves);

  const fill = (leaf: number, chosen: Int32Array, gradients: Float32Array, weights: Float32Array) => {
    const histogram = histograms[leaf] as Float64Array;
    histogram.fill(0);
    const from = tree.leafFrom[leaf] as number;
    const count = (tree.leafTo[leaf] as number) - from;
    for (let at = 0; at < count; at++) {
      const row = rows[from + at] as number;
      orderedGradients[at] = gradients[row] as number;
      orderedWeights[at] = weights[row] as number;
    }
    for (let pick = 0; pick < chosen.length; pick++) {
      const feature = chosen[pick] as number;
      addColumn(histogram, (offsets[feature] as number) * 2, feature * rowCount, from, count);
    }
  };

  const addColumn = (histogram: Float64Array, base: number, column: number, from: number, count: number) => {
    for (let at = 0; at < count; at++) {
      const slot = base + 2 * (bins[column + (rows[from + at] as number)] as number);
      histogram[slot] = (histogram[slot] as number) + (orderedGradients[at] as number);
      histogram[slot + 1] = (histogram[slot + 1] as number) + (orderedWeights[at] as number);
    }
  };

  const findSplit = (leaf: number, chosen: Int32Array) => {
    const histogram = histograms[leaf] as Float64Array;
    const gradient = tree.gradientOf[leaf] as number;
    const weight = tree.weightOf[leaf] as number;
    const whole = (gradient * gradient) / (weight + l2);
    let gain = 1e-12;
    let splitFeature = -1;
    let splitBin = 0;
    let splitGradient = 0;
    let splitWeight = 0;
    if (weight >= 2 * minLeafWeight) {
      for (let pick = 0; pick < chosen.length; pick++) {
        const feature = chosen[pick] as number;
        const base = (offsets[feature] as number) * 2;
        const last = (binCounts[feature] as number) - 1;
        let leftGradient = 0;
        let leftWeight = 0;
        for (let bin = 0; bin < last; bin++) {
          const added = histogram[base + 2 * bin + 1] as number;
          if (added === 0) continue;
          leftGradient += histogram[base + 2 * bin] as number;
          leftWeight += added;
          if (leftWeight < minLeafWeight) continue;
          const rightWeight = weight - leftWeight;
          if (rightWeight < minLeafWeight) break;
          const rightGradient = gradient - leftGradient;
          const here =
            (leftGradient * leftGradient) / (leftWeight + l2) +
            (rightGradient * rightGradient) / (rightWeight + l2) -
            whole;
          if (here > gain) {
            gain = here;
            splitFeature = feature;
            splitBin = bin;
            splitGradient = leftGradient;
            splitWeight = leftWeight;
          }
        }
      }
    }
    bestGain[leaf] = splitFeature < 0 ? 0 : gain;
    bestFeature[leaf] = splitFeature;
    bestBin[leaf] = splitBin;
    bestLeftGradient[leaf] = splitGradient;
    bestLeftWeight[leaf] = splitWeight;
  };

  /** Splits `leaf`; the left part keeps its number. @returns the right part's number. */
  const split = (leaf: number): number => {
    const feature = bestFeature[leaf] as number;
    const bin = bestBin[leaf] as number;
    const column = feature * rowCount;
    const from = tree.leafFrom[leaf] as number;
    const to = tree.leafTo[leaf] as number;
    let left = from;
    let others = 0;
    for (let at = from; at < to; at++) {
      const row = rows[at] as number;
      if ((bins[column + row] as number) <= bin) rows[left++] = row;
      else spare[others++] = row;
    }
    for (let at = 0; at < others; at++) rows[left + at] = spare[at] as number;
    const right = tree.leaves++;
    tree.leafTo[leaf] = left;
    tree.leafFrom[right] = left;
    tree.leafTo[right] = to;
    tree.gradientOf[right] = (tree.gradientOf[leaf] as number) - (bestLeftGradient[leaf] as number);
    tree.weightOf[right] = (tree.weightOf[leaf] as number) - (bestLeftWeight[leaf] as number);
    tree.gradientOf[leaf] = bestLeftGradient[leaf] as number;
    tree.weightOf[leaf] = bestLeftWeight[leaf] as number;
    const node = nodeOfLeaf[leaf] as number;
    tree.feature[node] = feature;
    tree.bin[node] = bin;
    for (const [child, number] of [
      [tree.nodes++, leaf],
      [tree.nodes++, right],
    ] as const) {
      tree.feature[child] = -1;
      tree.leafOf[child] = number;
      nodeOfLeaf[number] = child;
    }
    tree.left[node] = tree.nodes - 2;
    tree.right[node] = tree.nodes - 1;
    return right;
  };

  const subtract = (child: number, parent: number, chosen: Int32Array) => {
    const less = histograms[child] as Float64Array;
    const from = histograms[parent] as Float64Array;
    for (let pick = 0; pick < chosen.length; pick++) {
      const feature = chosen[pick] as number;
      const end = (offsets[feature + 1] as number) * 2;
      for (let slot = (offsets[feature] as number) * 2; slot < end; slot++) {
        from[slot] = (from[slot] as number) - (less[slot] as number);
      }
    }
  };

  return {
    /**
     * Grows one tree.
     * @param sample rows that count, ascending
     * @param chosen features that may split
     * @param gradients of the loss by row, already times the row's weight
     * @returns buffers that the next call overwrites.
     */
    grow(sample: Int32Array, chosen: Int32Array, gradients: Float32Array, weights: Float32Array): GrownTree {
      rows.set(sample);
      let gradient = 0;
      let weight = 0;
      for (let at = 0; at < sample.length; at++) {
        gradient += gradients[sample[at] as number] as number;
        weight += weights[sample[at] as number] as number;
      }
      tree.nodes = 1;
      tree.leaves = 1;
      tree.feature[0] = -1;
      tree.leafOf[0] = 0;
      nodeOfLeaf[0] = 0;
      tree.leafFrom[0] = 0;
      tree.leafTo[0] = sample.length;
      tree.gradientOf[0] = gradient;
      tree.weightOf[0] = weight;
      fill(0, chosen, gradients, weights);
      findSplit(0, chosen);
      while (tree.leaves < maxLeaves) {
        let leaf = -1;
        let gain = 0;
        for (let candidate = 0; candidate < tree.leaves; candidate++) {
          if ((bestGain[candidate] as number) > gain) {
            gain = bestGain[candidate] as number;
            leaf = candidate;
          }
        }
        if (leaf < 0) break;
        const right = split(leaf);
        if (tree.leaves === maxLeaves) break;
        const leftCount = (tree.leafTo[leaf] as number) - (tree.leafFrom[leaf] as number);
        const rightCount = (tree.leafTo[right] as number) - (tree.leafFrom[right] as number);
        if (rightCount <= leftCount) {
          fill(right, chosen, gradients, weights);
          subtract(right, leaf, chosen);
        } else {
          // The parent's histogram stands under the left part's number: the two change places.
          const parent = histograms[leaf] as Float64Array;
          histograms[leaf] = histograms[right] as Float64Array;
          histograms[right] = parent;
          fill(leaf, chosen, gradients, weights);
          subtract(leaf, right, chosen);
        }
        findSplit(leaf, chosen);
        findSplit(right, chosen);
      }
      return tree;
    },
  };
}
