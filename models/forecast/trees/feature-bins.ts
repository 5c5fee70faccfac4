/** Values of a feature are kept as the number of their bin: 0 is missing, 1 … 254 ascend. */
const MAX_BINS = 255;
/** Edges come from at most so many values of a feature, taken evenly. */
const SAMPLE = 50_000;

/** A matrix of features as bins. */
export interface BinnedMatrix {
  rows: number;
  features: number;
  /** Bin of row r and feature f at `f * rows + r`. */
  bins: Uint8Array;
  /** Per feature: value x is in bin 1 + (number of edges below x). */
  edges: readonly Float64Array[];
}

/**
 * Edges between bins that hold about as many values each; every distinct value is its own bin where there are few.
 * @param values one feature, NaN where missing
 */
export function binEdges(values: Float64Array): Float64Array {
  const step = Math.max(1, Math.floor(values.length / SAMPLE));
  const sample = new Float64Array(Math.ceil(values.length / step));
  let present = 0;
  for (let index = 0; index < values.length; index += step) {
    const value = values[index] as number;
    if (!Number.isNaN(value)) sample[present++] = value;
  }
  const sorted = sample.subarray(0, present).sort();
  const distinct: number[] = [];
  for (const value of sorted)
    if (distinct.length === 0 || value !== distinct[distinct.length - 1]) distinct.push(value);
  const most = MAX_BINS - 1;
  if (distinct.length <= most) {
    return Float64Array.from(distinct.slice(1), (upper, index) => ((distinct[index] as number) + upper) / 2);
  }
  const edges: number[] = [];
  for (let bin = 1; bin < most; bin++) {
    const at = Math.floor((bin * present) / most);
    const middle = ((sorted[at - 1] as number) + (sorted[at] as number)) / 2;
    if (edges.length === 0 || middle > (edges[edges.length - 1] as number)) edges.push(middle);
  }
  return Float64Array.from(edges);
}

/** Bin of a value among `edges`. */
export function binOf(edges: Float64Array, value: number): number {
  if (Number.isNaN(value)) return 0;
  let low = 0;
  let high = edges.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((edges[middle] as number) < value) low = middle + 1;
    else high = middle;
  }
  return low + 1;
}

/** @param columns one array per feature, of one length, NaN where missing */
export function binFeatures(columns: readonly Float64Array[]): BinnedMatrix {
  const rows = columns[0]?.length ?? 0;
  const bins = new Uint8Array(rows * columns.length);
  const edges = columns.map((column, feature) => {
    const between = binEdges(column);
    const at = feature * rows;
    for (let row = 0; row < rows; row++) bins[at + row] = binOf(between, column[row] as number);
    return between;
  });
  return { rows, features: columns.length, bins, edges };
}
