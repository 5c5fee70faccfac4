import type { LoadFeatures } from '../../../layers/domain/forecasting/load-features.ts';
import { addRow, fade, type RidgeSums, ridgeSums, solveRidge } from '../linear/ridge.ts';

export interface AutoregressionOptions {
  /** Learns of logarithms: a load that is not above zero counts as missing. */
  log: boolean;
  /** Rows of evidence against each coefficient [P]. */
  penalty: number;
}

/** Days after which a day counts half [P]. */
const HALF_LIFE_DAYS = 500;
/** Days of rows before the first solution. */
const WARM_UP_DAYS = 6;

/** Slots back from a slot that tell of it: those just before, and those around the same time a day and a week before. */
const lagsOf = (day: number): number[] => [
  1,
  2,
  3,
  day - 1,
  day,
  day + 1,
  2 * day,
  3 * day,
  6 * day,
  7 * day - 1,
  7 * day,
  7 * day + 1,
];
/** Columns: the constant, and a column a lag. */
export const AUTOREGRESSION_WIDTH = 13;

/**
 * One equation for every slot: the load from the loads before it. Further ahead it is asked again with its own answers. All slots teach the same
 * few coefficients, so weeks are enough where the regressions per step need months.
 */
export interface SeasonalAutoregression {
  /** As of the last solution; NaN before it. */
  readonly coefficients: Float64Array;
  /** Learns of the day that ends at `origin`. */
  learnDay(features: LoadFeatures, origin: number): void;
}

export function seasonalAutoregression({ log, penalty }: AutoregressionOptions): SeasonalAutoregression {
  const width = AUTOREGRESSION_WIDTH;
  const sums: RidgeSums = ridgeSums(width);
  const coefficients = new Float64Array(width).fill(Number.NaN);
  const scratch = new Float64Array(width * (width + 1));
  const x = new Float64Array(width);
  return {
    coefficients,
    learnDay(features, origin) {
      const { values, slotsPerDay } = features.grid;
      const lags = lagsOf(slotsPerDay);
      for (let slot = origin - slotsPerDay; slot < origin; slot++) {
        if (slot < 7 * slotsPerDay + 1) continue;
        const target = transformed(values[slot] as number, log);
        x[0] = 1;
        let known = !Number.isNaN(target);
        for (let lag = 0; lag < lags.length && known; lag++) {
          const before = transformed(values[slot - (lags[lag] as number)] as number, log);
          known = !Number.isNaN(before);
          x[lag + 1] = before;
        }
        if (known) addRow(sums, x, target);
      }
      if (sums.weight >= WARM_UP_DAYS * slotsPerDay) {
        solveRidge(sums, penalty, coefficients, scratch);
      }
      fade(sums, 0.5 ** (1 / HALF_LIFE_DAYS));
    },
  };
}

/**
 * Loads of the steps after an origin, relative to the level; nothing is written where nothing was learned.
 * @param out one number a step is written to `out[to]`, `out[to + stride]` …
 */
export function predictAutoregression(
  { log }: Pick<AutoregressionOptions, 'log'>,
  coefficients: Float64Array,
  features: LoadFeatures,
  origin: number,
  place: { steps: number; out: Float32Array; to: number; stride: number },
): void {
  if (Number.isNaN(coefficients[0])) return;
  const { steps, out, to, stride } = place;
  const { values, slotsPerDay } = features.grid;
  const lags = lagsOf(slotsPerDay);
  const back = 7 * slotsPerDay + 1;
  const level = features.level(origin);
  const [least, greatest] = features.bounds(origin);
  const loads = new Float64Array(back + steps);
  for (let at = 0; at < back; at++) {
    const slot = origin - back + at;
    const value = transformed(slot < 0 ? Number.NaN : (values[slot] as number), log);
    const spare = transformed(slot < 0 ? Number.NaN : (features.profile[slot] as number), log);
    loads[at] = Number.isNaN(value) ? (Number.isNaN(spare) ? transformed(level, log) : spare) : value;
  }
  for (let step = 0; step < steps; step++) {
    let sum = coefficients[0] as number;
    for (let lag = 0; lag < lags.length; lag++) {
      sum += (coefficients[lag + 1] as number) * (loads[back + step - (lags[lag] as number)] as number);
    }
    const load = Math.min(greatest, Math.max(least, log ? Math.exp(sum) : sum));
    loads[back + step] = log ? Math.log(Math.max(load, Number.MIN_VALUE)) : load;
    out[to + step * stride] = load / level;
  }
}

const transformed = (load: number, log: boolean): number => (log ? (load > 0 ? Math.log(load) : Number.NaN) : load);
