/** Figures of samples; NaN in a sample is a missing value, NaN as a result means that nothing is known. */

const isMissing = Number.isNaN;

export function mean(figures: ArrayLike<number>): number {
  let sum = 0;
  let count = 0;
  for (let n = 0; n < figures.length; n++) {
    const figure = figures[n] as number;
    if (isMissing(figure)) continue;
    sum += figure;
    count++;
  }
  return count === 0 ? Number.NaN : sum / count;
}

/** Linear between neighbours. @param share 0…1 */
export function quantile(figures: ArrayLike<number>, share: number): number {
  const sorted = new Float64Array(figures.length);
  let count = 0;
  for (let n = 0; n < figures.length; n++) {
    const figure = figures[n] as number;
    if (!isMissing(figure)) sorted[count++] = figure;
  }
  if (count === 0) return Number.NaN;
  sorted.subarray(0, count).sort();
  const at = share * (count - 1);
  const low = sorted[Math.floor(at)] as number;
  const high = sorted[Math.ceil(at)] as number;
  return low + (at - Math.floor(at)) * (high - low);
}

export const median = (figures: ArrayLike<number>): number => quantile(figures, 0.5);

/** Pearson's, over the pairs that are both known; 0 when one side does not vary, NaN with fewer than three pairs. */
export function correlation(left: ArrayLike<number>, right: ArrayLike<number>): number {
  let count = 0;
  let sumA = 0;
  let sumB = 0;
  for (let n = 0; n < left.length; n++) {
    const a = left[n] as number;
    const b = right[n] as number;
    if (isMissing(a) || isMissing(b)) continue;
    count++;
    sumA += a;
    sumB += b;
  }
  if (count < 3) return Number.NaN;
  const middleA = sumA / count;
  const middleB = sumB / count;
  let products = 0;
  let squaresA = 0;
  let squaresB = 0;
  for (let n = 0; n < left.length; n++) {
    const a = (left[n] as number) - middleA;
    const b = (right[n] as number) - middleB;
    if (isMissing(a) || isMissing(b)) continue;
    products += a * b;
    squaresA += a * a;
    squaresB += b * b;
  }
  return squaresA === 0 || squaresB === 0 ? 0 : products / Math.sqrt(squaresA * squaresB);
}
