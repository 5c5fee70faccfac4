import { randomSource, seedOf } from '../../layers/domain/anomalies/random-source.ts';
import { BINS, type BinnedTable, binTable } from './binned-table.ts';

export interface ForestSettings {
  trees: number;
  maxDepth: number;
  /** Weighted rows a leaf keeps at least. */
  minLeaf: number;
  /** Features tried at each split; all when it is not smaller than their number. */
  featuresPerSplit: number;
  /** Rows drawn with replacement for each tree; otherwise every row is used once. */
  bootstrap: boolean;
  seed: number;
}

export interface LabelledTable {
  /** values[row * features + feature]; NaN is missing. */
  values: Float64Array;
  features: number;
  /** Class of each row, 0…classes − 1. */
  classes: Uint8Array;
  classCount: number;
  /** Weight of a row; 1 where absent. */
  weights?: Float64Array;
}

/** Trees in one piece: a node is a leaf when its feature is −1; its left child then is the index of its class shares. */
export interface RandomForest {
  features: number;
  classCount: number;
  roots: Int32Array;
  feature: Int32Array;
  /** Goes left when value ≤ threshold; a missing value goes left. */
  threshold: Float64Array;
  left: Int32Array;
  right: Int32Array;
  shares: Float32Array;
}

/**
 * Breiman's random forest (2001, Machine Learning 45) over histograms of binned features, Gini impurity, class shares in the leaves.
 * @throws DOMException AbortError between trees when the signal is aborted.
 */
export function growForest(table: LabelledTable, settings: ForestSettings, signal?: AbortSignal): RandomForest {
  const binned = binTable(table.values, table.features);
  const grower = new TreeGrower(binned, table, settings);
  const roots: number[] = [];
  for (let tree = 0; tree < settings.trees; tree++) {
    signal?.throwIfAborted();
    roots.push(grower.grow(tree));
  }
  return grower.forest(roots);
}

class TreeGrower {
  readonly #binned: BinnedTable;
  readonly #table: LabelledTable;
  readonly #settings: ForestSettings;
  readonly #order: Int32Array;
  readonly #spill: Int32Array;
  readonly #weights: Float64Array;
  readonly #histogram: Float64Array;
  readonly #below: Float64Array;
  readonly #candidates: Int32Array;
  readonly #feature: number[] = [];
  readonly #threshold: number[] = [];
  readonly #left: number[] = [];
  readonly #right: number[] = [];
  readonly #shares: number[] = [];
  #random = randomSource(1);

  constructor(binned: BinnedTable, table: LabelledTable, settings: ForestSettings) {
    this.#binned = binned;
    this.#table = table;
    this.#settings = settings;
    this.#order = new Int32Array(binned.rows);
    this.#spill = new Int32Array(binned.rows);
    this.#weights = new Float64Array(binned.rows);
    this.#histogram = new Float64Array(BINS * table.classCount);
    this.#below = new Float64Array(table.classCount);
    this.#candidates = Int32Array.from({ length: table.features }, (_, feature) => feature);
  }

  /** @returns the index of the root. */
  grow(tree: number): number {
    this.#random = randomSource(seedOf(this.#settings.seed, tree));
    const { rows } = this.#binned;
    this.#weights.fill(this.#settings.bootstrap ? 0 : 1);
    if (this.#settings.bootstrap) {
      for (let n = 0; n < rows; n++) {
        const row = this.#random.below(rows);
        this.#weights[row] = (this.#weights[row] as number) + 1;
      }
    }
    let drawn = 0;
    for (let row = 0; row < rows; row++) {
      if (this.#weights[row] === 0) continue;
      this.#weights[row] = (this.#weights[row] as number) * (this.#table.weights?.[row] ?? 1);
      this.#order[drawn++] = row;
    }
    return this.#node(0, drawn, 0);
  }

  forest(roots: readonly number[]): RandomForest {
    return {
      features: this.#table.features,
      classCount: this.#table.classCount,
      roots: Int32Array.from(roots),
      feature: Int32Array.from(this.#feature),
      threshold: Float64Array.from(this.#threshold),
      left: Int32Array.from(this.#left),
      right: Int32Array.from(this.#right),
      shares: Float32Array.from(this.#shares),
    };
  }

  /** Grows the node of order[from…to). */
  #node(from: number, to: number, depth: number): number {
    const { classCount, classes } = this.#table;
    const totals = new Float64Array(classCount);
    for (let n = from; n < to; n++) {
      const row = this.#order[n] as number;
      const own = classes[row] as number;
      totals[own] = (totals[own] as number) + (this.#weights[row] as number);
    }
    const node = this.#feature.length;
    this.#feature.push(-1);
    this.#threshold.push(0);
    this.#left.push(0);
    this.#right.push(0);
    const split = depth < this.#settings.maxDepth ? this.#bestSplit(from, to, totals) : undefined;
    if (split === undefined) {
      const weight = totals.reduce((sum, part) => sum + part, 0);
      this.#left[node] = this.#shares.length;
      for (const part of totals) this.#shares.push(part / weight);
      return node;
    }
    const middle = this.#partition(from, to, split);
    this.#feature[node] = split.feature;
    this.#threshold[node] =
      split.bin === 0
        ? Number.NEGATIVE_INFINITY
        : ((this.#binned.bounds[split.feature] as Float64Array)[split.bin - 1] as number);
    this.#left[node] = this.#node(from, middle, depth + 1);
    this.#right[node] = this.#node(middle, to, depth + 1);
    return node;
  }

  /** The split with the least Gini impurity; undefined when none leaves enough on both sides or none is better than the node. */
  #bestSplit(from: number, to: number, totals: Float64Array): { feature: number; bin: number } | undefined {
    const { classCount, classes } = this.#table;
    const { rows, bins, bounds } = this.#binned;
    const histogram = this.#histogram;
    const below = this.#below;
    let weight = 0;
    let squares = 0;
    for (const part of totals) {
      weight += part;
      squares += part * part;
    }
    // Maximising Σ (squares of class weights / side's weight) minimises the weighted Gini impurity.
    let best = squares / weight + 1e-9 * weight;
    let found: { feature: number; bin: number } | undefined;
    const tried = Math.min(this.#settings.featuresPerSplit, this.#table.features);
    for (let n = 0; n < tried; n++) {
      const feature = this.#draw(n);
      const bound = (bounds[feature] as Float64Array).length;
      histogram.fill(0, 0, (bound + 1) * classCount);
      const offset = feature * rows;
      for (let k = from; k < to; k++) {
        const row = this.#order[k] as number;
        const slot = (bins[offset + row] as number) * classCount + (classes[row] as number);
        histogram[slot] = (histogram[slot] as number) + (this.#weights[row] as number);
      }
      below.fill(0);
      let low = 0;
      for (let bin = 0; bin < bound; bin++) {
        let lowSquares = 0;
        let highSquares = 0;
        for (let own = 0; own < classCount; own++) {
          const added = histogram[bin * classCount + own] as number;
          low += added;
          const lower = (below[own] as number) + added;
          below[own] = lower;
          const higher = (totals[own] as number) - lower;
          lowSquares += lower * lower;
          highSquares += higher * higher;
        }
        const high = weight - low;
        if (low < this.#settings.minLeaf || high < this.#settings.minLeaf) continue;
        const purity = lowSquares / low + highSquares / high;
        if (purity > best) {
          best = purity;
          found = { feature, bin };
        }
      }
    }
    return found;
  }

  /** The n-th of a random order of the features; in their own order when all are tried. */
  #draw(n: number): number {
    const candidates = this.#candidates;
    if (this.#settings.featuresPerSplit >= candidates.length) return n;
    const other = n + this.#random.below(candidates.length - n);
    const drawn = candidates[other] as number;
    candidates[other] = candidates[n] as number;
    candidates[n] = drawn;
    return drawn;
  }

  #partition(from: number, to: number, { feature, bin }: { feature: number; bin: number }): number {
    const offset = feature * this.#binned.rows;
    let middle = from;
    let spilled = 0;
    for (let n = from; n < to; n++) {
      const row = this.#order[n] as number;
      if ((this.#binned.bins[offset + row] as number) <= bin) this.#order[middle++] = row;
      else this.#spill[spilled++] = row;
    }
    this.#order.set(this.#spill.subarray(0, spilled), middle);
    return middle;
  }
}

/** Class shares of a row, the mean over the trees. @param values one per feature; NaN is missing. */
export function classShares(forest: RandomForest, values: ArrayLike<number>): Float64Array {
  const shares = new Float64Array(forest.classCount);
  for (const root of forest.roots) {
    let node = root;
    for (let feature = forest.feature[node] as number; feature >= 0; feature = forest.feature[node] as number) {
      // Not "value > threshold goes right", so that NaN goes left
      node =
        (values[feature] as number) > (forest.threshold[node] as number)
          ? (forest.right[node] as number)
          : (forest.left[node] as number);
    }
    const leaf = forest.left[node] as number;
    for (let own = 0; own < forest.classCount; own++)
      shares[own] = (shares[own] as number) + (forest.shares[leaf + own] as number);
  }
  for (let own = 0; own < forest.classCount; own++) shares[own] = (shares[own] as number) / forest.roots.length;
  return shares;
}
