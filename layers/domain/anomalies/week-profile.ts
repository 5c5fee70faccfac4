export const HOURS_OF_WEEK = 168;
const HOURS_OF_DAY = 24;
const HOUR_MS = 3_600_000;
/** 1970-01-01 was a Thursday: hour of the week 0 is Monday 00:00. */
const EPOCH_HOUR = 72;
/** Readings after which an hour's oldest fade, two per week and hour. */
const MEMORY = 32;
/** Readings of an hour of the week before it is trusted over the hour of the day. */
const ENOUGH = 6;
/** A residual counts at most as so many spreads: what is robust about it (Huber 1964). */
const CLIP = 3;
/** Mean absolute deviation to standard deviation of a normal distribution, √(π/2). */
const TO_DEVIATION = 1.2533;

/** Floats and bytes of the state. */
export const WEEK_FLOATS = 2 * (HOURS_OF_WEEK + HOURS_OF_DAY);
export const WEEK_COUNTS = HOURS_OF_WEEK + HOURS_OF_DAY;

/** What is usual for an hour of the local week. */
export interface Usual {
  centre: number;
  spread: number;
}

/** Robust centre and spread by hour of the week, by hour of the day while the week is not known; lives in the caller's state. */
export class WeekProfile {
  readonly #centre: Float32Array;
  readonly #spread: Float32Array;
  readonly #count: Uint8Array;

  /** @param floats WEEK_FLOATS numbers. @param counts WEEK_COUNTS numbers; both zero at first. */
  constructor(floats: Float32Array, counts: Uint8Array) {
    this.#centre = floats.subarray(0, WEEK_COUNTS);
    this.#spread = floats.subarray(WEEK_COUNTS);
    this.#count = counts;
  }

  /** @param localMs ms of the local clock. @returns null while neither hour is known. */
  usual(localMs: number): Usual | null {
    const week = hourOfWeek(localMs);
    const bin = (this.#count[week] as number) >= ENOUGH ? week : HOURS_OF_WEEK + (week % HOURS_OF_DAY);
    if ((this.#count[bin] as number) < ENOUGH) return null;
    return { centre: this.#centre[bin] as number, spread: this.#spread[bin] as number };
  }

  learn(localMs: number, value: number): void {
    const week = hourOfWeek(localMs);
    this.#update(week, value);
    this.#update(HOURS_OF_WEEK + (week % HOURS_OF_DAY), value);
  }

  #update(bin: number, value: number): void {
    const count = this.#count[bin] as number;
    const seen = Math.min(count + 1, MEMORY);
    const centre = this.#centre[bin] as number;
    const spread = this.#spread[bin] as number;
    let residual = value - centre;
    if (count >= ENOUGH) {
      const most = CLIP * spread + 0.05 * Math.abs(centre);
      residual = Math.max(-most, Math.min(most, residual));
    }
    this.#centre[bin] = centre + residual / seen;
    if (count > 0) this.#spread[bin] = spread + (TO_DEVIATION * Math.abs(residual) - spread) / seen;
    this.#count[bin] = seen;
  }
}

const hourOfWeek = (localMs: number): number =>
  (((Math.floor(localMs / HOUR_MS) + EPOCH_HOUR) % HOURS_OF_WEEK) + HOURS_OF_WEEK) % HOURS_OF_WEEK;
