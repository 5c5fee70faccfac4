import { FEATURES, featureIndex, type LoadFeatures } from '../../../layers/domain/forecasting/load-features.ts';
import { addRow, fade, type RidgeSums, ridgeSums, solveRidge } from './ridge.ts';
import { DESIGN_WIDTH, ridgeDesign } from './ridge-design.ts';

export interface RidgeOptions {
  /** Days after which a day counts half. */
  halfLifeDays: number;
  /** Rows of evidence against each coefficient. */
  penalty: number;
  /** Days between two solutions. */
  solveEveryDays: number;
  /** Days of rows before the first solution. */
  warmUpDays: number;
}

/** Coefficients by regression, step ahead and column, flat; NaN where nothing was learned. */
export type RidgeCoefficients = Float32Array;

/** Regressions per step ahead, learned day by day: what they say of a day was made from the days before it. */
export interface WalkForwardRidge {
  /** Learns from the targets of `origin` at the steps [from, to), which must be over. @param rows the features of the origin's steps */
  learn(features: LoadFeatures, rows: Float64Array, origin: number, from: number, to: number): void;
  /** One more day is over. */
  nextDay(): void;
  /** As of the last solution. */
  coefficients: RidgeCoefficients;
}

/** Whether a week was known before an origin: of less, level and spread say nothing. */
export const settled = (features: LoadFeatures, origin: number): boolean =>
  features.known(origin) >= 7 * features.grid.slotsPerDay;

/** @param options regressions that differ in their penalty alone: they share their sums */
export function walkForwardRidge(steps: number, options: readonly RidgeOptions[]): WalkForwardRidge {
  const [common] = options;
  if (common === undefined) throw new RangeError('no regression');
  const { solveEveryDays, warmUpDays, halfLifeDays } = common;
  const sums: RidgeSums[] = Array.from({ length: steps }, () => ridgeSums(DESIGN_WIDTH));
  const coefficients = new Float32Array(options.length * steps * DESIGN_WIDTH).fill(Number.NaN);
  const scratch = new Float64Array(DESIGN_WIDTH * (DESIGN_WIDTH + 1));
  const solution = new Float64Array(DESIGN_WIDTH);
  const x = new Float64Array(DESIGN_WIDTH);
  let days = 0;
  const solve = () => {
    for (let ahead = 0; ahead < steps; ahead++) {
      const sum = sums[ahead] as RidgeSums;
      if (sum.weight < warmUpDays * 0.8) continue;
      for (const [index, { penalty }] of options.entries()) {
        solveRidge(sum, penalty, solution, scratch);
        coefficients.set(solution, (index * steps + ahead) * DESIGN_WIDTH);
      }
    }
  };
  return {
    coefficients,
    learn(features, rows, origin, from, to) {
      if (!settled(features, origin)) return;
      const level = features.level(origin);
      const { values } = features.grid;
      for (let ahead = from; ahead < to; ahead++) {
        const at = ahead * FEATURES;
        const target = (values[origin + ahead] as number) / level - (rows[at + featureIndex.profile] as number);
        if (Number.isNaN(target)) continue;
        ridgeDesign(rows, at, x);
        addRow(sums[ahead] as RidgeSums, x, target);
      }
    },
    nextDay() {
      days++;
      if (days % solveEveryDays !== 0) return;
      if (days >= warmUpDays) solve();
      for (const sum of sums) fade(sum, 0.5 ** (solveEveryDays / halfLifeDays));
    },
  };
}

/**
 * Load relative to the level, by each regression, from the features at `rows[at] …`; NaN where it has not learned.
 * @param out one number per regression is written to `out[to] …`
 */
export function predictRidges(
  coefficients: RidgeCoefficients,
  place: { steps: number; ahead: number },
  rows: Float64Array,
  at: number,
  scratch: Float64Array,
  out: Float32Array,
  to: number,
): void {
  const { steps, ahead } = place;
  const profile = rows[at + featureIndex.profile] as number;
  ridgeDesign(rows, at, scratch);
  const count = coefficients.length / (steps * DESIGN_WIDTH);
  for (let index = 0; index < count; index++) {
    const from = (index * steps + ahead) * DESIGN_WIDTH;
    let sum = profile;
    for (let column = 0; column < DESIGN_WIDTH; column++) {
      sum += (scratch[column] as number) * (coefficients[from + column] as number);
    }
    out[to + index] = sum;
  }
}
