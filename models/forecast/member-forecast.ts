import type { LoadFeatures } from '../../layers/domain/forecasting/load-features.ts';
import { BAND_WIDTH, MEMBER_BANDS, type MemberForecast } from './combination.ts';
import type { DayCurves } from './kernel/day-curves.ts';
import { curvesOf, type OriginRow } from './series-walk.ts';
import {
  askTrees,
  recentQuantiles,
  TREE_FEATURES,
  TREE_MEMBERS,
  TREES_HIGH,
  TREES_LOW,
  TREES_MEDIAN,
  type TreeMembers,
  treeRow,
} from './tree-members.ts';

/** Bands of the trees count only where they stand by the load itself. */
const LOW_AND_HIGH = 2;

/** Members that bring points: every base, the trees that do not stand for an end of the band, and the day curves. */
export const pointMembers = (bases: number): number => bases + TREE_MEMBERS - LOW_AND_HIGH + 1;

/** What every member says of one origin. */
export function memberForecast(
  walk: { features: LoadFeatures; steps: number; bases: number },
  row: OriginRow,
  trees: TreeMembers,
  curves: readonly (DayCurves | undefined)[],
): MemberForecast {
  const { features, steps, bases } = walk;
  const { slotsPerDay } = features.grid;
  const members = pointMembers(bases);
  const points = new Float32Array(steps * members);
  const bands = new Float32Array(steps * MEMBER_BANDS * BAND_WIDTH);
  const x = new Float64Array(TREE_FEATURES);
  const asked = new Float32Array(TREE_MEMBERS);
  const curved = curvesOf(features, row, curves);
  for (let ahead = 0; ahead < steps; ahead++) {
    const scale = treeRow(features, row, ahead, bases, x, 0);
    askTrees(trees, { ...scale, ahead, slotsPerDay }, x, asked, 0);
    if (ahead * bases < row.bases.length) {
      points.set(row.bases.subarray(ahead * bases, (ahead + 1) * bases), ahead * members);
    } else points.fill(scale.base, ahead * members, ahead * members + bases);
    points.set(asked.subarray(0, TREES_MEDIAN + 1), ahead * members + bases);
    points[(ahead + 1) * members - 1] = curved[ahead] ?? Number.NaN;
    const at = ahead * MEMBER_BANDS * BAND_WIDTH;
    bands.set([asked[TREES_LOW] as number, asked[TREES_MEDIAN] as number, asked[TREES_HIGH] as number], at);
    bands.set(recentQuantiles(x, scale.spread), at + BAND_WIDTH);
  }
  return { points, members, bands };
}
