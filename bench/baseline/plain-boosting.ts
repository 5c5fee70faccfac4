/**
 * Gradient boosting over histograms as one writes it first: plain arrays of numbers, a new histogram for every node and feature, no subtraction,
 * the same splits (best gain first, squared loss) and bins. Pinned: what the models' boosting is compared with.
 */
export interface PlainTree {
  feature: number;
  bin: number;
  value: number;
  left?: PlainTree;
  right?: PlainTree;
}

interface PlainLeaf {
  node: PlainTree;
  rows: number[];
  gradient: number;
  best: { gain: number; feature: number; bin: number };
}

export interface PlainOptions {
  trees: number;
  learningRate: number;
  maxLeaves: number;
  minLeaf: number;
}

/** @param bins by feature and row */
export function boostPlainly(
  bins: number[][],
  target: number[],
  options: PlainOptions,
): { base: number; trees: PlainTree[] } {
  const base = target.reduce((sum, y) => sum + y, 0) / target.length;
  const residuals = target.map((y) => y - base);
  const trees: PlainTree[] = [];
  for (let round = 0; round < options.trees; round++) {
    const root: PlainTree = { feature: -1, bin: 0, value: 0 };
    const leaves = [
      leafOf(
        root,
        residuals.map((_, row) => row),
        bins,
        residuals,
        options,
      ),
    ];
    while (leaves.length < options.maxLeaves) {
      const chosen = leaves.reduce((best, leaf) => (leaf.best.gain > best.best.gain ? leaf : best));
      if (chosen.best.gain <= 0) break;
      const { feature, bin } = chosen.best;
      const column = bins[feature] as number[];
      const left = chosen.rows.filter((row) => (column[row] as number) <= bin);
      const right = chosen.rows.filter((row) => (column[row] as number) > bin);
      chosen.node.feature = feature;
      chosen.node.bin = bin;
      chosen.node.left = { feature: -1, bin: 0, value: 0 };
      chosen.node.right = { feature: -1, bin: 0, value: 0 };
      leaves.splice(
        leaves.indexOf(chosen),
        1,
        leafOf(chosen.node.left, left, bins, residuals, options),
        leafOf(chosen.node.right, right, bins, residuals, options),
      );
    }
    for (const { node, rows, gradient } of leaves) {
      node.value = (options.learningRate * gradient) / rows.length;
      for (const row of rows) residuals[row] = (residuals[row] as number) - node.value;
    }
    trees.push(root);
  }
  return { base, trees };
}

function leafOf(
  node: PlainTree,
  rows: number[],
  bins: number[][],
  residuals: number[],
  options: PlainOptions,
): PlainLeaf {
  const gradient = rows.reduce((sum, row) => sum + (residuals[row] as number), 0);
  const best = { gain: 0, feature: -1, bin: 0 };
  const whole = (gradient * gradient) / rows.length;
  for (const [feature, column] of bins.entries()) {
    const sums: number[] = new Array(256).fill(0);
    const counts: number[] = new Array(256).fill(0);
    for (const row of rows) {
      const bin = column[row] as number;
      sums[bin] = (sums[bin] as number) + (residuals[row] as number);
      counts[bin] = (counts[bin] as number) + 1;
    }
    let sum = 0;
    let count = 0;
    for (let bin = 0; bin < 255; bin++) {
      sum += sums[bin] as number;
      count += counts[bin] as number;
      if (count < options.minLeaf || rows.length - count < options.minLeaf) continue;
      const gain = (sum * sum) / count + (gradient - sum) ** 2 / (rows.length - count) - whole;
      if (gain > best.gain) Object.assign(best, { gain, feature, bin });
    }
  }
  return { node, rows, gradient, best };
}

export function predictPlainly({ base, trees }: { base: number; trees: PlainTree[] }, row: number[]): number {
  let sum = base;
  for (let node of trees) {
    while (node.left && node.right) node = (row[node.feature] as number) <= node.bin ? node.left : node.right;
    sum += node.value;
  }
  return sum;
}
