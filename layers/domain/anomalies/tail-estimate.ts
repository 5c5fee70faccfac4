import { MAX_SURPRISE } from './surprise-scale.ts';

/** Share of values that belong to the tail. */
const TAIL_SHARE = 0.03;
/** Values before a surprise is stated. */
const WARM_UP = 100;
/** Values after which older ones fade: two months of half hours. */
const MEMORY = 2880;
/** The same for values of the tail. */
const TAIL_MEMORY = 64;

/** Least mean excess, as a share of the mean: the quantile is known no better. */
const LEAST_EXCESS = 0.05;

/** Numbers that hold the state of one estimate. */
export const TAIL_NUMBERS = 4;

/**
 * The upper tail of a stream in four numbers: its 97 % quantile (stochastic approximation, Robbins & Monro 1951), the mean excess over it, the mean
 * and the count. Twin of SurpriseScale for millions of meters; lives in a slice of the caller's state.
 */
export class TailEstimate {
  readonly #state: Float64Array;

  /** @param state TAIL_NUMBERS numbers, zero at first. */
  constructor(state: Float64Array) {
    this.#state = state;
  }

  /** @param strangeness at least 0, NaN where it is not known. @returns −log10 of the probability of one at least as large, 0 in the bulk. */
  surprise(strangeness: number): number {
    if (Number.isNaN(strangeness)) return 0;
    const state = this.#state;
    const quantile = state[0] as number;
    const excess = state[1] as number;
    const mean = state[2] as number;
    const count = state[3] as number;
    const beyond = strangeness - quantile;
    let surprise = 0;
    if (count >= WARM_UP && beyond > 0) {
      surprise = -Math.log10(TAIL_SHARE) + beyond / (excess + LEAST_EXCESS * mean + Number.MIN_VALUE) / Math.LN10;
      if (surprise > MAX_SURPRISE) surprise = MAX_SURPRISE;
    }
    // An outlier teaches no more than a large value would: it must not make the next one ordinary.
    const taught =
      count >= WARM_UP && mean > 0 ? Math.min(strangeness, quantile + 10 * excess + 3 * mean) : strangeness;
    const seen = Math.min(count + 1, MEMORY);
    state[2] = mean + (taught - mean) / seen;
    const step = ((state[2] as number) * 8) / (seen + 20);
    const above = taught > quantile;
    state[0] = Math.max(0, quantile + (above ? step * (1 - TAIL_SHARE) : -step * TAIL_SHARE));
    if (above) state[1] = excess + (taught - quantile - excess) / Math.min(TAIL_MEMORY, 1 + TAIL_SHARE * seen);
    state[3] = count + 1;
    return surprise;
  }
}
