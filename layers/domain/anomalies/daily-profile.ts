const MS_PER_DAY = 86_400_000;
const BINS = 48;
/** Readings kept per half hour of the day. */
const PER_BIN = 60;
/** Readings of a time of day before a band is stated. */
const ENOUGH = 11;
const LOW = 0.05;
const HIGH = 0.95;

/** Between which values nine of ten readings of this time of day were. */
export interface ExpectedBand {
  low: number;
  high: number;
}

/** Bands by the time of day in UTC, from the last readings within the same half hour and its neighbours. */
export class DailyProfile {
  readonly #bins = Array.from({ length: BINS }, () => new Float64Array(PER_BIN));
  readonly #seen = new Uint32Array(BINS);
  readonly #pool = new Float64Array(3 * PER_BIN);

  /** @param at ms since the epoch. @returns null while too little of this time of day is known. */
  band(at: number): ExpectedBand | null {
    const bin = binOf(at);
    let pooled = 0;
    for (const near of [(bin + BINS - 1) % BINS, bin, (bin + 1) % BINS]) {
      const kept = Math.min(this.#seen[near] as number, PER_BIN);
      this.#pool.set((this.#bins[near] as Float64Array).subarray(0, kept), pooled);
      pooled += kept;
    }
    if (pooled < ENOUGH) return null;
    const sorted = this.#pool.subarray(0, pooled).sort();
    return { low: sorted[Math.floor(pooled * LOW)] as number, high: sorted[Math.floor(pooled * HIGH)] as number };
  }

  learn(at: number, value: number): void {
    const bin = binOf(at);
    const seen = this.#seen[bin] as number;
    (this.#bins[bin] as Float64Array)[seen % PER_BIN] = value;
    this.#seen[bin] = seen + 1;
  }
}

/** How far a value is outside the band, in its unit; 0 inside or without a band. */
export const outside = (band: ExpectedBand | null, value: number): number =>
  band === null ? 0 : Math.max(0, value - band.high, band.low - value);

const binOf = (at: number): number => Math.floor(((((at % MS_PER_DAY) + MS_PER_DAY) % MS_PER_DAY) * BINS) / MS_PER_DAY);
