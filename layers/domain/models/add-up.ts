import type { ForecastInterval } from '../../contracts/models/forecast.ts';
import type { ForecastEntity } from './entity-history.ts';

/** A forecast with its place in the hierarchy. */
export interface Part {
  entity: ForecastEntity;
  parent: ForecastEntity | undefined;
  intervals: readonly ForecastInterval[];
}

const keyOf = ({ kind, id }: ForecastEntity): string => `${kind}/${id}`;

/**
 * Makes parts add up to their whole, interval by interval, from the top down: what the parts' points miss of the whole's is shared among them by
 * the width of their bands, so that the surest forecast moves least; a part's quantiles move with its point. Nothing
 * becomes negative that was not; parts of an entity whose intervals differ from its own stay as they are.
 * @returns intervals by entity key `kind/id`.
 */
export function addUp(parts: readonly Part[]): Map<string, ForecastInterval[]> {
  const settled = new Map<string, ForecastInterval[]>();
  const children = Map.groupBy(
    parts.filter(({ parent }) => parent),
    ({ parent }) => keyOf(parent as ForecastEntity),
  );
  const known = new Set(parts.map(({ entity }) => keyOf(entity)));
  const visit = (part: Part, intervals: ForecastInterval[]): void => {
    settled.set(keyOf(part.entity), intervals);
    const own = children.get(keyOf(part.entity)) ?? [];
    const same = own.every(
      ({ intervals: theirs }) =>
        theirs.length === intervals.length &&
        theirs[0]?.start === intervals[0]?.start &&
        theirs[0]?.end === intervals[0]?.end,
    );
    const moved = same && own.length > 0 ? share(intervals, own) : own.map((child) => [...child.intervals]);
    own.forEach((child, index) => {
      visit(child, moved[index] as ForecastInterval[]);
    });
  };
  // Roots, and parts whose whole was not forecast.
  for (const part of parts) if (!part.parent || !known.has(keyOf(part.parent))) visit(part, [...part.intervals]);
  return settled;
}

function share(whole: readonly ForecastInterval[], parts: readonly Part[]): ForecastInterval[][] {
  const moved = parts.map(({ intervals }) => [...intervals]);
  whole.forEach(({ point: total }, index) => {
    const own = parts.map(({ intervals }) => intervals[index] as ForecastInterval);
    const missing = total - own.reduce((sum, { point }) => sum + point, 0);
    const weights = own.map(width);
    const sum = weights.reduce((a, b) => a + b, 0);
    let points = own.map(
      ({ point }, at) => point + missing * (sum > 0 ? (weights[at] as number) / sum : 1 / own.length),
    );
    if (points.some((point, at) => point < 0 && (own[at]?.point ?? 0) >= 0)) {
      // Shares by band would take more from a part than it has: shares by size cannot.
      const size = own.reduce((a, { point }) => a + point, 0);
      points = own.map(({ point }) =>
        size > 0 ? (point / size) * Math.max(0, total) : Math.max(0, total) / own.length,
      );
    }
    own.forEach((interval, at) => {
      const point = points[at] as number;
      const shift = point - interval.point;
      const quantiles = interval.quantiles.map(({ level, value }) => ({
        level,
        value: value >= 0 ? Math.max(0, value + shift) : value + shift,
      }));
      (moved[at] as ForecastInterval[])[index] = { ...interval, point, quantiles };
    });
  });
  return moved;
}

function width({ quantiles }: ForecastInterval): number {
  const values = quantiles.map(({ value }) => value);
  return values.length < 2 ? 0 : Math.max(...values) - Math.min(...values);
}
