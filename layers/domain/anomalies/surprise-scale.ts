/** Past values kept; the oldest leave first. */
const CAPACITY = 8192;
/** Values before a surprise is stated. */
const WARM_UP = 60;
/** Share of the past values that makes the tail. */
const TAIL_SHARE = 0.03;
const MIN_TAIL = 8;
/** Nothing is stated as rarer than 1 in 10^12: a history of thousands cannot support more. */
export const MAX_SURPRISE = 12;

/**
 * How unusual a value is among those before it: −log10 of the probability of one at least as large. Ranks in the bulk; in the upper tail an
 * exponential distribution fitted to the excesses (peaks over threshold with a shape of zero: Pickands 1975, Annals of Statistics 3(1)).
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
    let excess = 0;
    for (let n = size - tail; n < size; n++) excess += (sorted[n] as number) - base;
    if (excess === 0) return strangeness > base ? MAX_SURPRISE : -Math.log10(tail / size);
    const beyond = (strangeness - base) / (excess / tail) / Math.LN10;
    return Math.min(MAX_SURPRISE, beyond - Math.log10(tail / size));
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
