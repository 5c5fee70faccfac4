/** Past values kept; the oldest leave first. */
const CAPACITY = 8192;
/** Values before a surprise is stated. */
const WARM_UP = 60;
/** Share of the past values that makes the tail. */
const TAIL_SHARE = 0.05;
const MIN_TAIL = 8;
/** Shape of the heaviest tail: a handful of outliers must not make the next one ordinary. */
const MAX_SHAPE = 0.2;
/** Nothing is stated as rarer than 1 in 10^12: a history of thousands cannot support more. */
export const MAX_SURPRISE = 12;

/**
 * How unusual a value is among those before it: −log10 of the probability of one at least as large. Ranks in the bulk; in the upper tail a
 * generalised Pareto distribution of the excesses (peaks over threshold: Pickands 1975, Annals of Statistics 3(1)) by the method of moments
 * (Hosking & Wallis 1987, Technometrics 29(3)), between an exponential tail and one of shape 0.2.
 */
export class SurpriseScale {
  readonly #sorted = new Float64Array(CAPACITY + 1);
  readonly #ring = new Float64Array(CAPACITY);
  #seen = 0;

  /** @param strangeness at least 0, larger is stranger. @returns 0…MAX_SURPRISE; 0 while fewer than WARM_UP values are known. */
  surprise(strangeness: number): number {
    const size = Math.min(this.#seen, CAPACITY);
    const surprise = size < WARM_UP ? 0 : this.#among(strangeness, size);
    this.#remember(strangeness, size);
    return surprise;
  }

  #among(strangeness: number, size: number): number {
    const sorted = this.#sorted;
    const atLeast = size - this.#position(strangeness, size);
    const tail = Math.max(MIN_TAIL, Math.ceil(TAIL_SHARE * size));
    if (atLeast >= tail) return -Math.log10((atLeast + 1) / (size + 1));
    const base = sorted[size - tail] as number;
    let sum = 0;
    let squares = 0;
    for (let n = size - tail; n < size; n++) {
      const excess = (sorted[n] as number) - base;
      sum += excess;
      squares += excess * excess;
    }
    if (sum === 0) return strangeness > base ? MAX_SURPRISE : -Math.log10(tail / size);
    const mean = sum / tail;
    const variance = squares / tail - mean * mean;
    const shape = Math.min(MAX_SHAPE, Math.max(0, variance > 0 ? (1 - (mean * mean) / variance) / 2 : 0));
    const scaled = (strangeness - base) / (mean * (1 - shape));
    const beyond = shape === 0 ? scaled : Math.log1p(shape * scaled) / shape;
    return Math.min(MAX_SURPRISE, beyond / Math.LN10 - Math.log10(tail / size));
  }

  /** How many of the first `size` sorted values are smaller. */
  #position(strangeness: number, size: number): number {
    let low = 0;
    let high = size;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#sorted[middle] as number) < strangeness) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #remember(strangeness: number, size: number): void {
    const slot = this.#seen % CAPACITY;
    let kept = size;
    if (size === CAPACITY) {
      const oldest = this.#position(this.#ring[slot] as number, size);
      this.#sorted.copyWithin(oldest, oldest + 1, size);
      kept = size - 1;
    }
    const at = this.#position(strangeness, kept);
    this.#sorted.copyWithin(at + 1, at, kept);
    this.#sorted[at] = strangeness;
    this.#ring[slot] = strangeness;
    this.#seen++;
  }
}
