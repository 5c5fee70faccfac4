/** One measured figure. `ratio` is against the baseline of the same case. */
export interface Figure {
  value: number;
  unit: string;
  ratio?: number;
}

/** A file in `bench/suites`. */
export interface Suite {
  name: string;
  /** Figures by case. Writes its progress and what bounds each case through `say`. */
  run(say: (line: string) => void): Promise<Record<string, Figure>>;
}

export function median(numbers: readonly number[]): number {
  if (numbers.length === 0) throw new RangeError('no median of nothing');
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] as number;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] as number)) / 2;
}
