import type { LoadFeatures } from '../../../layers/domain/forecasting/load-features.ts';

/** Smoothing of level, day and week, and how much of the last error carries over to the next slot. */
export interface SmoothingParameters {
  level: number;
  day: number;
  week: number;
  carry: number;
}
export const SMOOTHING_WIDTH = 4;

/** Level, and what each slot of the day and of the week adds to it; plain data that `smooth` moves on. */
export interface SeasonalState {
  level: number;
  day: Float64Array;
  week: Float64Array;
  /** Last error of the level and the seasons alone. */
  error: number;
}

/**
 * Moves a state over the numbers of slots 0, 1, … A missing number leaves the seasons as they are.
 * Source: Taylor, "Triple seasonal methods for short-term electricity demand forecasting", EJOR 204 (2010), with two seasons:
 * y = l + d + w + φ e₋ + ε, e = y − (l + d + w), and level and seasons each move by their share of ε.
 * @param skip errors of so many first slots do not count
 * @returns mean magnitude of ε
 */
export function smooth(
  state: SeasonalState,
  numbers: Float64Array,
  parameters: SmoothingParameters,
  skip: number,
): number {
  const { day, week } = state;
  const { level: alpha, day: delta, week: omega, carry } = parameters;
  let { level, error } = state;
  let sum = 0;
  let count = 0;
  let ofDay = 0;
  let ofWeek = 0;
  for (let slot = 0; slot < numbers.length; slot++) {
    const number = numbers[slot] as number;
    if (Number.isNaN(number)) error *= carry;
    else {
      const seasonal = number - level - (day[ofDay] as number) - (week[ofWeek] as number);
      const surprise = seasonal - carry * error;
      if (slot >= skip) {
        sum += Math.abs(surprise);
        count++;
      }
      level += alpha * surprise;
      day[ofDay] = (day[ofDay] as number) + delta * surprise;
      week[ofWeek] = (week[ofWeek] as number) + omega * surprise;
      error = seasonal;
    }
    if (++ofDay === day.length) ofDay = 0;
    if (++ofWeek === week.length) ofWeek = 0;
  }
  state.level = level;
  state.error = error;
  return count === 0 ? Number.POSITIVE_INFINITY : sum / count;
}

/** What a state expects `ahead` slots (from 0) after the `count` slots it has seen. */
export const expected = (state: SeasonalState, count: number, ahead: number, carry: number): number =>
  state.level +
  (state.day[(count + ahead) % state.day.length] as number) +
  (state.week[(count + ahead) % state.week.length] as number) +
  carry ** (ahead + 1) * state.error;

/** Days that are looked back upon. */
const WINDOW_DAYS = 56;
const LEAST_DAYS = 15;
/** Logarithms are smoothed where no load is below this share of the mean [P]. */
const LOG_ABOVE = 0.02;
/** Values that are tried, one parameter after the other [P]. */
const GRID: { [Name in keyof SmoothingParameters]: readonly number[] } = {
  level: [0, 0.003, 0.01, 0.03, 0.1, 0.2],
  day: [0, 0.03, 0.07, 0.13, 0.2, 0.3, 0.45],
  week: [0, 0.03, 0.07, 0.13, 0.2, 0.3, 0.45],
  carry: [0, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98],
};
const START: SmoothingParameters = { level: 0.01, day: 0.13, week: 0.13, carry: 0.9 };
const PASSES = 3;

interface History {
  numbers: Float64Array;
  log: boolean;
  slotsPerDay: number;
}

/** The weeks before an origin, whole days; undefined of less than fifteen days or of a load that is mostly missing. */
function historyBefore({ grid: { values, slotsPerDay } }: LoadFeatures, origin: number): History | undefined {
  let from = Math.max(origin % slotsPerDay, origin - WINDOW_DAYS * slotsPerDay);
  while (from < origin && values.subarray(from, from + slotsPerDay).every(Number.isNaN)) from += slotsPerDay;
  const loads = values.slice(from, origin);
  if (loads.length < LEAST_DAYS * slotsPerDay) return undefined;
  let sum = 0;
  let known = 0;
  let least = Number.POSITIVE_INFINITY;
  for (const load of loads) {
    if (Number.isNaN(load)) continue;
    sum += load;
    known++;
    if (load < least) least = load;
  }
  if (known * 2 < loads.length) return undefined;
  const log = least > 0 && least * known > LOG_ABOVE * sum;
  return { numbers: log ? loads.map(Math.log) : loads, log, slotsPerDay };
}

/** Level and seasons of the first two weeks: the mean, the mean day, and what the mean week adds to it. */
function initialState({ numbers, slotsPerDay }: History): SeasonalState {
  const week = new Float64Array(7 * slotsPerDay);
  const day = new Float64Array(slotsPerDay);
  const first = numbers.subarray(0, 2 * week.length);
  const level = seasonalMeans(first, () => 0, new Float64Array(1))[0] as number;
  seasonalMeans(first, () => level, day);
  seasonalMeans(first, (slot) => level + (day[slot % slotsPerDay] as number), week);
  return { level, day, week, error: 0 };
}

/** Means of the numbers less `from`, by place in the season; 0 where none is known. */
function seasonalMeans(numbers: Float64Array, from: (slot: number) => number, season: Float64Array): Float64Array {
  const counts = new Float64Array(season.length);
  for (const [slot, number] of numbers.entries()) {
    if (Number.isNaN(number)) continue;
    const at = slot % season.length;
    season[at] = (season[at] as number) + number - from(slot);
    counts[at] = (counts[at] as number) + 1;
  }
  for (const [at, count] of counts.entries()) if (count > 0) season[at] = (season[at] as number) / count;
  return season;
}

/** The parameters that were surprised least by the weeks before an origin, as an array; undefined where too little is known. */
export function fitSmoothing(features: LoadFeatures, origin: number): Float64Array | undefined {
  const history = historyBefore(features, origin);
  if (history === undefined) return undefined;
  const start = initialState(history);
  const surprise = (parameters: SmoothingParameters): number => {
    const state = { ...start, day: start.day.slice(), week: start.week.slice() };
    return smooth(state, history.numbers, parameters, start.week.length);
  };
  let best = START;
  let least = surprise(best);
  for (let pass = 0; pass < PASSES; pass++) {
    const before = least;
    for (const name of Object.keys(GRID) as (keyof SmoothingParameters)[]) {
      for (const value of GRID[name]) {
        const tried = { ...best, [name]: value };
        const found = value === best[name] ? least : surprise(tried);
        if (found < least) [best, least] = [tried, found];
      }
    }
    if (least === before) break;
  }
  return Float64Array.of(best.level, best.day, best.week, best.carry);
}

/**
 * Loads of the steps after an origin, relative to the level; nothing is written where too little is known.
 * @param out one number a step is written to `out[to]`, `out[to + stride]` …
 */
export function predictSmoothing(
  parameters: Float64Array,
  features: LoadFeatures,
  origin: number,
  place: { steps: number; out: Float32Array; to: number; stride: number },
): void {
  const history = Number.isNaN(parameters[0]) ? undefined : historyBefore(features, origin);
  if (history === undefined) return;
  const [level = 0, day = 0, week = 0, carry = 0] = parameters;
  const state = initialState(history);
  smooth(state, history.numbers, { level, day, week, carry }, 0);
  const unit = features.level(origin);
  for (let step = 0; step < place.steps; step++) {
    const number = expected(state, history.numbers.length, step, carry);
    place.out[place.to + step * place.stride] = (history.log ? Math.exp(number) : number) / unit;
  }
}
