/** Values of a feature are kept as the number of their bin: 0 is missing, 1 … 254 ascend. */
const MAX_BINS = 255;
/** Edges come from at most so many values of a feature. */
const SAMPLE = 20_000;
/** Rows of the sample are this share of all apart, around and around: evenly spread, and in step with no hour or weekday. */
const GOLDEN = (Math.sqrt(5) - 1) / 2;

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
  const all = values.length <= SAMPLE;
  const sample = new Float64Array(Math.min(SAMPLE, values.length));
  let present = 0;
  for (let index = 0; index < sample.length; index++) {
    const value = values[all ? index : Math.floor(((index * GOLDEN) % 1) * values.length)] as number;
    if (!Number.isNaN(value)) sample[present++] = value;
  }
  const sorted = sample.subarray(0, present).sort();
  const most = MAX_BINS - 1;
  const few = distinctOf(sorted, most);
  if (few !== undefined) return few.subarray(1).map((upper, index) => ((few[index] as number) + upper) / 2);
  const edges: number[] = [];
  for (let bin = 1; bin < most; bin++) {
    const at = Math.floor((bin * present) / most);
    const middle = ((sorted[at - 1] as number) + (sorted[at] as number)) / 2;
    if (edges.length === 0 || middle > (edges[edges.length - 1] as number)) edges.push(middle);
  }
  return Float64Array.from(edges);
}

/** The distinct ones of ascending values, if they are at most `most`. */
function distinctOf(sorted: Float64Array, most: number): Float64Array | undefined {
  const distinct = new Float64Array(most);
  let count = 0;
  for (let at = 0; at < sorted.length; at++) {
    const value = sorted[at] as number;
    if (count > 0 && value === distinct[count - 1]) continue;
    if (count === most) return undefined;
    distinct[count++] = value;
  }
  return distinct.subarray(0, count);
}

/**
 * Bins of `values` among `edges`, by a search in eight steps that has no branch, as none could be foretold.
 * @param edges ascending, at most 254
 */
export function binsOf(edges: Float64Array, values: Float64Array): Uint8Array {
  const bins = new Uint8Array(values.length);
  // Above the last edge are only such as no value is above.
  const padded = new Float64Array(MAX_BINS).fill(Number.POSITIVE_INFINITY);
  padded.set(edges);
  const above = (edge: number, value: number) => Number((padded[edge] as number) < value);
  for (let row = 0; row < values.length; row++) {
    const value = values[row] as number;
    let at = above(127, value) << 7;
    at += above(at + 63, value) << 6;
    at += above(at + 31, value) << 5;
    at += above(at + 15, value) << 4;
    at += above(at + 7, value) << 3;
    at += above(at + 3, value) << 2;
    at += above(at + 1, value) << 1;
    at += above(at, value);
    bins[row] = (at + 1) * (1 - Number(Number.isNaN(value)));
  }
  return bins;
}

/** @param columns one array per feature, of one length, NaN where missing */
export function binFeatures(columns: readonly Float64Array[]): BinnedMatrix {
  const rows = columns[0]?.length ?? 0;
  const bins = new Uint8Array(rows * columns.length);
  const edges = columns.map((column, feature) => {
    const between = binEdges(column);
    bins.set(binsOf(between, column), feature * rows);
    return between;
  });
  return { rows, features: columns.length, bins, edges };
}
