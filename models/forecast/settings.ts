import type { RidgeOptions } from './linear/walk-forward-ridge.ts';

/** What a forecaster may look at, each with all before it: the load and its weekdays; season, holidays and feast days; temperatures. */
export const FEATURE_SETS = ['load', 'calendar', 'weather'] as const;
export type FeatureSet = (typeof FEATURE_SETS)[number];

/** How a forecaster is trained: one set for every load, from a household to a system. Values marked [P] were chosen on spans before the test spans. */
export interface ForecastSettings {
  features: FeatureSet;
  /** Days that a forecast reaches ahead, 1 to 7. */
  horizonDays: number;
  /** Days ahead that have a regression per step; later days are left to the trees and the recent quantiles. */
  ridgeDays: number;
  /** Regressions that differ in how much evidence they ask for [P]. */
  ridges: readonly RidgeOptions[];
  /** Newest days that the day curves are fitted to, and days from one fit to the next [P]. */
  curves: { days: number; fitEveryDays: number };
  trees: {
    count: number;
    learningRate: number;
    maxLeaves: number;
    minLeafWeight: number;
    l2: number;
    rowShare: number;
    featureShare: number;
  };
  /** Most rows that one tree model learns from; more are thinned out evenly at random. */
  maxTreeRows: number;
  /** Days after which a row counts half in the trees. */
  treeHalfLifeDays: number;
  /** Least days of history before trees are grown. */
  minTreeDays: number;
  seed: number;
}

const ridge = (penalty: number): RidgeOptions => ({ halfLifeDays: 500, penalty, solveEveryDays: 7, warmUpDays: 40 });

export const DEFAULT_SETTINGS: ForecastSettings = {
  features: 'weather',
  horizonDays: 2,
  ridgeDays: 2,
  ridges: [ridge(3), ridge(100), ridge(2000)],
  curves: { days: 730, fitEveryDays: 7 },
  trees: {
    count: 250,
    learningRate: 0.05,
    maxLeaves: 24,
    minLeafWeight: 40,
    l2: 5,
    rowShare: 0.5,
    featureShare: 0.4,
  },
  maxTreeRows: 120_000,
  treeHalfLifeDays: 1000,
  minTreeDays: 28,
  seed: 20,
};

/** For thousands of loads a night: the regressions are solved every four weeks, the trees are fewer and learned from all loads together. */
export const NIGHTLY_SETTINGS: ForecastSettings = {
  ...DEFAULT_SETTINGS,
  horizonDays: 7,
  ridgeDays: 1,
  ridges: [3, 2000].map((penalty) => ({ ...ridge(penalty), solveEveryDays: 28 })),
  curves: { days: 365, fitEveryDays: 28 },
  trees: { ...DEFAULT_SETTINGS.trees, count: 100, learningRate: 0.1 },
  maxTreeRows: 60_000,
};
