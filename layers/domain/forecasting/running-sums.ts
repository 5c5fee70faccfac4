/** Sums and counts of the known numbers before each index, for means of any window in constant time. */
export interface RunningSums {
  sums: Float64Array;
  counts: Int32Array;
}

export function runningSums(numbers: Float64Array): RunningSums {
  const sums = new Float64Array(numbers.length + 1);
  const counts = new Int32Array(numbers.length + 1);
  for (let index = 0; index < numbers.length; index++) {
    const known = !Number.isNaN(numbers[index] as number);
    sums[index + 1] = (sums[index] as number) + (known ? (numbers[index] as number) : 0);
    counts[index + 1] = (counts[index] as number) + (known ? 1 : 0);
  }
  return { sums, counts };
}

/** Mean of the known numbers in [from, to); NaN of none. */
export function windowMean({ sums, counts }: RunningSums, from: number, to: number): number {
  const low = Math.max(0, from);
  const high = Math.min(sums.length - 1, to);
  if (high <= low) return Number.NaN;
  const count = (counts[high] as number) - (counts[low] as number);
  return count === 0 ? Number.NaN : ((sums[high] as number) - (sums[low] as number)) / count;
}
