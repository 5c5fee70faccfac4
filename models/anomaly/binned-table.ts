/** Bins of a feature: bin 0 is "missing", the others are cut between quantiles. */
export const BINS = 64;

/** Rows of features as bins, column by column: what trees are grown from. */
export interface BinnedTable {
  rows: number;
  features: number;
  /** bins[feature * rows + row] */
  bins: Uint8Array;
  /** Upper bounds of bins 1…, by feature: a value belongs to the first bin whose bound is at least it. */
  bounds: Float64Array[];
}

/** @param values values[row * features + feature]; NaN is missing. */
export function binTable(values: Float64Array, features: number): BinnedTable {
  const rows = values.length / features;
  const bins = new Uint8Array(values.length);
  const bounds: Float64Array[] = [];
  const column = new Float64Array(rows);
  for (let feature = 0; feature < features; feature++) {
    for (let row = 0; row < rows; row++) column[row] = values[row * features + feature] as number;
    const cuts = boundsOf(column.filter((value) => !Number.isNaN(value)).sort());
    bounds.push(cuts);
    for (let row = 0; row < rows; row++) bins[feature * rows + row] = binOf(cuts, column[row] as number);
  }
  return { rows, features, bins, bounds };
}

/** Midway between neighbours: every distinct value its own bin while they fit, quantiles beyond. */
function boundsOf(sorted: Float64Array): Float64Array {
  const distinct = sorted.filter((value, n) => n === 0 || value !== sorted[n - 1]);
  const cuts: number[] = [];
  if (distinct.length < BINS) {
    for (let n = 1; n < distinct.length; n++) cuts.push(midway(distinct[n - 1] as number, distinct[n] as number));
  } else {
    for (let bin = 1; bin < BINS - 1; bin++) {
      const at = Math.floor((bin * sorted.length) / (BINS - 1));
      const low = sorted[at - 1] as number;
      const high = sorted[at] as number;
      const cut = low === high ? high : midway(low, high);
      if (cuts.length === 0 || cut > (cuts.at(-1) as number)) cuts.push(cut);
    }
  }
  return Float64Array.from([...cuts, Number.POSITIVE_INFINITY]);
}

const midway = (low: number, high: number): number => low + (high - low) / 2;

export function binOf(bounds: Float64Array, value: number): number {
  if (Number.isNaN(value)) return 0;
  let low = 0;
  let high = bounds.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((bounds[middle] as number) < value) low = middle + 1;
    else high = middle;
  }
  return low + 1;
}
