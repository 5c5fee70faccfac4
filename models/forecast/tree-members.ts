import {
  differenceNames,
  FEATURES,
  featureIndex,
  type LoadFeatures,
  loadNames,
} from '../../layers/domain/forecasting/load-features.ts';
import { believed } from './believed.ts';
import { settled } from './linear/walk-forward-ridge.ts';
import type { OriginRow, SeriesWalk } from './series-walk.ts';
import type { ForecastSettings } from './settings.ts';
import { boost, type Loss } from './trees/boosting.ts';
import { binFeatures } from './trees/feature-bins.ts';
import { seededRandom } from './trees/seeded-random.ts';
import { predictTrees, type TreeEnsemble } from './trees/tree-ensemble.ts';

/** Features of a load, two of its regressions (the best base, and how far the others are from it), and its spread. */
export const TREE_FEATURES = FEATURES + 3;
const LOADS = loadNames.map((name) => featureIndex[name]);
const DIFFERENCES = differenceNames.map((name) => featureIndex[name]);

/** What is grown: over the best base, or of the load itself. */
const KINDS: readonly { name: string; over: 'base' | 'nothing'; loss: Loss }[] = [
  { name: 'treesOverBaseMean', over: 'base', loss: { kind: 'squared' } },
  { name: 'treesOverBaseMedian', over: 'base', loss: { kind: 'quantile', level: 0.5 } },
  { name: 'treesMedian', over: 'nothing', loss: { kind: 'quantile', level: 0.5 } },
  { name: 'treesLow', over: 'nothing', loss: { kind: 'quantile', level: 0.1 } },
  { name: 'treesHigh', over: 'nothing', loss: { kind: 'quantile', level: 0.9 } },
];
export const TREE_MEMBERS = KINDS.length;
/** Place of the quantiles of the load itself among the members. */
export const [TREES_MEDIAN, TREES_LOW, TREES_HIGH] = [2, 3, 4] as const;

/** Trees for the first day ahead, the second, and those after; fewer where the horizon ends before. */
export type TreeMembers = TreeEnsemble[][];

export const dayGroups = (horizonDays: number): [number, number][] =>
  (
    [
      [0, 1],
      [1, 2],
      [2, horizonDays],
    ] as [number, number][]
  ).filter(([from]) => from < horizonDays);

/** What a row of the trees is measured by. */
export interface RowScale {
  /** The best base, relative to the level. */
  base: number;
  /** Relative to the level. */
  spread: number;
}

/**
 * Features of step `ahead` of an origin for the trees, at `out[at] …`: loads as distances from the level in spreads, so that a steady and a
 * restless load can be learned from together.
 */
export function treeRow(
  features: LoadFeatures,
  row: OriginRow,
  ahead: number,
  bases: number,
  out: Float64Array,
  at: number,
): RowScale {
  features.describe(row.origin, ahead, out, at);
  const spread = features.spread(row.origin);
  for (const index of LOADS) out[at + index] = ((out[at + index] as number) - 1) / spread;
  for (const index of DIFFERENCES) out[at + index] = (out[at + index] as number) / spread;
  const from = ahead * bases;
  const median = out[at + featureIndex.quantile50] as number;
  const base = row.bases[from + row.best] ?? (Number.isNaN(median) ? 1 : median * spread + 1);
  out[at + FEATURES] = (base - 1) / spread;
  out[at + FEATURES + 1] = ((row.bases[from] ?? base) - (row.bases[from + bases - 1] ?? base)) / spread;
  out[at + FEATURES + 2] = spread;
  return { base, spread };
}

/**
 * Grows the tree members from what the walks knew of each origin whose outcome lies before the origin of day `cutDays[i]` of walk i.
 * Loads count relative to their level, so that the walks of many loads can be learned from together.
 */
export function growTreeMembers(
  walks: readonly SeriesWalk[],
  cutDays: readonly number[],
  settings: ForecastSettings,
  signal?: AbortSignal,
): TreeMembers {
  const random = seededRandom(settings.seed);
  return dayGroups(settings.horizonDays).map(([fromDay, toDay]) => {
    let rows = 0;
    eachOutcome(walks, cutDays, [fromDay, toDay], () => rows++);
    const keep = settings.maxTreeRows / Math.max(1, rows);
    const chosen: Outcome[] = [];
    eachOutcome(walks, cutDays, [fromDay, toDay], (walk, day, ahead) => {
      if (keep >= 1 || random() < keep) chosen.push({ walk, day, ahead });
    });
    if (chosen.length < settings.minTreeDays * 24) return [];
    const columns = Array.from({ length: TREE_FEATURES }, () => new Float64Array(chosen.length));
    const targets = { base: new Float64Array(chosen.length), nothing: new Float64Array(chosen.length) };
    const weights = new Float32Array(chosen.length);
    const x = new Float64Array(TREE_FEATURES);
    for (const [index, { walk, day, ahead }] of chosen.entries()) {
      const series = walks[walk] as SeriesWalk;
      const row = series.rows.get(day) as OriginRow;
      const { base, spread } = treeRow(series.features, row, ahead, series.bases, x, 0);
      for (let feature = 0; feature < TREE_FEATURES; feature++) {
        (columns[feature] as Float64Array)[index] = x[feature] as number;
      }
      const load = (series.features.grid.values[row.origin + ahead] as number) / series.features.level(row.origin);
      targets.base[index] = believed((load - base) / spread);
      targets.nothing[index] = believed((load - 1) / spread);
      weights[index] = 0.5 ** (((cutDays[walk] as number) - day) / settings.treeHalfLifeDays);
    }
    const matrix = binFeatures(columns);
    return KINDS.map(({ over, loss }, index) => {
      const { count, ...shape } = settings.trees;
      return boost(matrix, targets[over], weights, {
        ...shape,
        trees: count,
        loss,
        seed: settings.seed + 100 * fromDay + index,
        signal,
      });
    });
  });
}

interface Outcome {
  walk: number;
  day: number;
  ahead: number;
}

/** Every known load that an origin spoke of and that lies before the cut. */
function eachOutcome(
  walks: readonly SeriesWalk[],
  cutDays: readonly number[],
  [fromDay, toDay]: [number, number],
  visit: (walk: number, day: number, ahead: number) => void,
): void {
  for (const [walk, { rows, features }] of walks.entries()) {
    const { slotsPerDay, values } = features.grid;
    const cut = cutDays[walk] as number;
    for (const [day, { origin }] of rows) {
      if (!settled(features, origin)) continue;
      for (let ahead = fromDay * slotsPerDay; ahead < toDay * slotsPerDay; ahead++) {
        if (day + Math.floor(ahead / slotsPerDay) + 1 > cut) break;
        if (!Number.isNaN(values[origin + ahead] as number)) visit(walk, day, ahead);
      }
    }
  }
}

/** Loads that the tree members expect at step `ahead`, relative to the level, at `out[to] …`; NaN where no tree was grown. */
export function askTrees(
  members: TreeMembers,
  place: RowScale & { ahead: number; slotsPerDay: number },
  row: Float64Array,
  out: Float32Array,
  to: number,
): void {
  const group = members[Math.min(Math.floor(place.ahead / place.slotsPerDay), 2)];
  for (const [index, { over }] of KINDS.entries()) {
    const trees = group?.[index];
    out[to + index] =
      trees === undefined ? Number.NaN : predictTrees(trees, row) * place.spread + (over === 'base' ? place.base : 1);
  }
}

/** Quantiles of the recent days in a row of the trees, relative to the level. */
export const recentQuantiles = (row: Float64Array, spread: number): [number, number, number] => [
  (row[featureIndex.quantile10] as number) * spread + 1,
  (row[featureIndex.quantile50] as number) * spread + 1,
  (row[featureIndex.quantile90] as number) * spread + 1,
];
