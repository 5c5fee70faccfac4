import { quantileOf } from '../../layers/domain/forecasting/load-features.ts';

/** What the members say of the steps of one origin, relative to the level. */
export interface MemberForecast {
  /** By step and member: expected loads; NaN where a member has nothing to say. */
  points: Float32Array;
  members: number;
  /** By step and band: low, middle and high (10, 50 and 90 %); NaN where a band has nothing to say. */
  bands: Float32Array;
}
export const BAND_WIDTH = 3;
/** Bands that members bring; one more is made here, from past errors. */
export const MEMBER_BANDS = 2;
const BANDS = MEMBER_BANDS + 1;

/** Combined forecast of one origin, by step, relative to the level. */
export interface Combined {
  point: Float64Array;
  low: Float64Array;
  high: Float64Array;
}

/** Members count with the inverse of their late error to this power [P]: high, for where loads are restless errors hardly differ, and lastingly. */
const POINT_POWER = 16;
const BAND_POWER = 10;
/** An end of a band that lies on the point's other side counts as so much of the band's own reach beyond the point. */
const LEAST_REACH = 0.1;
/** Days after which an error counts half [P]. */
const HALF_LIFE_DAYS = 40;
/** Past errors that make a band: so many days, and hours around the hour of the day. */
const ERROR_DAYS = 70;
const ERROR_HOURS = 1;
const MIN_ERRORS = 12;
/** How fast a band's width follows its misses [P]. */
const WIDTH_RATE = 0.12;
const TAIL = 0.1;
const SHARE = 0.5 ** (1 / HALF_LIFE_DAYS);

/** Mean errors of late, and the weight of the days that they are the mean of; NaN and 0 before there was one. */
export interface LateErrors {
  means: Float64Array;
  days: Float64Array;
}

/** What a combination knows of one day ahead; plain data. */
export interface DayState {
  points: LateErrors;
  lows: LateErrors;
  highs: LateErrors;
  /** Factors on the distance from the point to the low and to the high end. */
  widths: [number, number];
  /** Errors of the combined point by slot of the day ahead, newest last. */
  errors: number[][];
  days: number;
}

/**
 * Joins members into one forecast with a band, by what each erred of late; the band's width follows how often the load lay outside it.
 * One state per day ahead, learned from outcomes alone. Sources: inverse-error weights: Bates and Granger (1969); the width:
 * Gibbs and Candès, "Adaptive conformal inference under distribution shift", NeurIPS 2021.
 */
export class Combination {
  /** By day ahead. */
  readonly states: DayState[];
  private readonly slotsPerDay: number;
  private readonly members: number;

  /** @param states what another combination knew, to go on from */
  constructor(shape: { horizonDays: number; slotsPerDay: number; members: number }, states?: DayState[]) {
    this.slotsPerDay = shape.slotsPerDay;
    this.members = shape.members;
    this.states =
      states ??
      Array.from({ length: shape.horizonDays }, () => ({
        points: neverJudged(shape.members),
        lows: neverJudged(BANDS),
        highs: neverJudged(BANDS),
        widths: [1, 1],
        errors: Array.from({ length: shape.slotsPerDay }, () => []),
        days: 0,
      }));
  }

  combine(forecast: MemberForecast): Combined {
    const steps = forecast.points.length / this.members;
    const point = new Float64Array(steps);
    const low = new Float64Array(steps);
    const high = new Float64Array(steps);
    for (const [day, state] of this.states.entries()) {
      const from = day * this.slotsPerDay;
      const to = Math.min(steps, from + this.slotsPerDay);
      const pointWeights = weightsOf(state.points, POINT_POWER);
      const ends = { lows: weightsOf(state.lows, BAND_POWER), highs: weightsOf(state.highs, BAND_POWER) };
      for (let step = from; step < to; step++) {
        point[step] = weightedMean(forecast.points, step * this.members, pointWeights);
        const [below, above] = this.reach(state, forecast, step, point[step] as number, ends);
        low[step] = (point[step] as number) - state.widths[0] * below;
        high[step] = (point[step] as number) + state.widths[1] * above;
      }
    }
    return { point, low, high };
  }

  /**
   * Learns from what happened on one day ahead.
   * @param actuals by slot of that day, relative to the level of the forecast's origin; NaN where missing
   */
  learn(day: number, forecast: MemberForecast, combined: Combined, actuals: Float64Array): void {
    const state = this.states[day] as DayState;
    const from = day * this.slotsPerDay;
    const points = new Float64Array(this.members);
    const lows = new Float64Array(BANDS);
    const highs = new Float64Array(BANDS);
    let count = 0;
    let lowMisses = 0;
    let highMisses = 0;
    for (const [slot, actual] of actuals.entries()) {
      if (Number.isNaN(actual)) continue;
      count++;
      const step = from + slot;
      for (let member = 0; member < this.members; member++) {
        points[member] =
          (points[member] as number) + Math.abs(actual - (forecast.points[step * this.members + member] as number));
      }
      const point = combined.point[step] as number;
      for (let band = 0; band < BANDS; band++) {
        const [below, above] = this.reachOf(state, forecast, step, point, band);
        lows[band] = (lows[band] as number) + pinball(actual, point - below, TAIL);
        highs[band] = (highs[band] as number) + pinball(actual, point + above, 1 - TAIL);
      }
      if (actual < (combined.low[step] as number)) lowMisses++;
      if (actual > (combined.high[step] as number)) highMisses++;
    }
    if (count === 0) return;
    // The errors of the day enter only now, so that no band was judged with them.
    for (const [slot, actual] of actuals.entries()) {
      if (Number.isNaN(actual)) continue;
      const errors = state.errors[slot] as number[];
      errors.push(actual - (combined.point[from + slot] as number));
      if (errors.length > ERROR_DAYS) errors.shift();
    }
    follow(state.points, points, count);
    follow(state.lows, lows, count);
    follow(state.highs, highs, count);
    state.widths = [
      bounded(state.widths[0] * Math.exp(WIDTH_RATE * (lowMisses / count - TAIL))),
      bounded(state.widths[1] * Math.exp(WIDTH_RATE * (highMisses / count - TAIL))),
    ];
    state.days++;
  }

  /** Distances from the point to the ends, mean of the bands. */
  private reach(
    state: DayState,
    forecast: MemberForecast,
    step: number,
    point: number,
    ends: { lows: Float64Array; highs: Float64Array },
  ): [number, number] {
    const sums = [0, 0] as [number, number];
    const weights = [0, 0] as [number, number];
    for (let band = 0; band < BANDS; band++) {
      const [below, above] = this.reachOf(state, forecast, step, point, band);
      if (Number.isNaN(below) || Number.isNaN(above)) continue;
      sums[0] += (ends.lows[band] as number) * below;
      sums[1] += (ends.highs[band] as number) * above;
      weights[0] += ends.lows[band] as number;
      weights[1] += ends.highs[band] as number;
    }
    return weights[0] === 0 ? [0, 0] : [sums[0] / weights[0], sums[1] / weights[1]];
  }

  /** The ends of the members' bands stand by themselves; those of past errors stand from the point. */
  private reachOf(
    state: DayState,
    forecast: MemberForecast,
    step: number,
    point: number,
    band: number,
  ): [number, number] {
    if (band < MEMBER_BANDS) {
      const at = (step * MEMBER_BANDS + band) * BAND_WIDTH;
      const low = forecast.bands[at] as number;
      const middle = forecast.bands[at + 1] as number;
      const high = forecast.bands[at + 2] as number;
      return [
        Math.max(point - low, LEAST_REACH * Math.max(0, middle - low)),
        Math.max(high - point, LEAST_REACH * Math.max(0, high - middle)),
      ];
    }
    const perHour = Math.max(1, Math.round(this.slotsPerDay / 24));
    const slot = step % this.slotsPerDay;
    const around: number[] = [];
    for (let near = slot - ERROR_HOURS * perHour; near <= slot + ERROR_HOURS * perHour; near++) {
      const errors = state.errors[near];
      if (errors !== undefined) for (const error of errors) around.push(error);
    }
    if (around.length < MIN_ERRORS) return [Number.NaN, Number.NaN];
    const sorted = Float64Array.from(around).sort();
    return [Math.max(0, -quantileOf(sorted, TAIL)), Math.max(0, quantileOf(sorted, 1 - TAIL))];
  }
}

const pinball = (actual: number, quantile: number, level: number): number =>
  actual >= quantile ? level * (actual - quantile) : (1 - level) * (quantile - actual);

const bounded = (width: number): number => Math.min(5, Math.max(0.2, width));

const neverJudged = (count: number): LateErrors => ({
  means: new Float64Array(count).fill(Number.NaN),
  days: new Float64Array(count),
});

/** Means in which a day counts half after `HALF_LIFE_DAYS`, the first day no more than it should. A member that has nothing to say keeps what it has. */
function follow({ means, days }: LateErrors, sums: Float64Array, count: number): void {
  for (const [index, sum] of sums.entries()) {
    const today = sum / count;
    if (Number.isNaN(today)) continue;
    const before = days[index] === 0 ? today : (means[index] as number);
    days[index] = SHARE * (days[index] as number) + 1;
    means[index] = before + (today - before) / (days[index] as number);
  }
}

/** Weights by inverse error. Who was never judged counts as the best, if nobody was, all count the same. */
function weightsOf({ means: errors }: LateErrors, power: number): Float64Array {
  let least = Number.POSITIVE_INFINITY;
  for (const error of errors) if (error < least) least = error;
  if (!Number.isFinite(least)) return new Float64Array(errors.length).fill(1);
  return errors.map((error) => (Number.isNaN(error) || error <= 0 ? 1 : ((least + 1e-9) / (error + 1e-9)) ** power));
}

function weightedMean(numbers: Float32Array, from: number, weights: Float64Array): number {
  let sum = 0;
  let weight = 0;
  for (let index = 0; index < weights.length; index++) {
    const one = numbers[from + index] as number;
    if (Number.isNaN(one)) continue;
    sum += (weights[index] as number) * one;
    weight += weights[index] as number;
  }
  return weight === 0 ? Number.NaN : sum / weight;
}
