/**
 * Area under the receiver operating characteristic: how often a positive scores above a negative, a tie counting half
 * (Mann & Whitney 1947). @throws RangeError without both.
 */
export function areaUnderCurve(positives: ArrayLike<number>, negatives: ArrayLike<number>): number {
  if (positives.length === 0 || negatives.length === 0) throw new RangeError('positives and negatives are needed');
  const sorted = Float64Array.from(negatives).sort();
  let wins = 0;
  for (let n = 0; n < positives.length; n++) {
    const score = positives[n] as number;
    wins += (countBelow(sorted, score, false) + countBelow(sorted, score, true)) / 2;
  }
  return wins / positives.length / sorted.length;
}

/** How many of the sorted scores are below one, or at most it. */
function countBelow(sorted: Float64Array, score: number, atMost: boolean): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const value = sorted[middle] as number;
    if (value < score || (atMost && value === score)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The least threshold above which no more than a share of the negatives lie. */
export function thresholdFor(negatives: ArrayLike<number>, share: number): number {
  const sorted = Float64Array.from(negatives).sort();
  const allowed = Math.floor(share * sorted.length);
  return sorted[sorted.length - 1 - allowed] ?? Number.POSITIVE_INFINITY;
}

/** Share of scores above a threshold. */
export const shareAbove = (scores: readonly number[], threshold: number): number =>
  scores.filter((score) => score > threshold).length / scores.length;
