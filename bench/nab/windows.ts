import type { Window } from './score.ts';
import type { Series } from './series.ts';

/**
 * Reads `{ "<category>/<file>.csv": [[first, last], …] }` with stamps of rows.
 * @returns by path, the rows of its windows in a series. @throws Error when a stamp is not one of the series.
 */
export function readWindows(labels: unknown): Map<string, (series: Series) => Window[]> {
  return new Map(
    Object.entries(labels as Record<string, [string, string][]>).map(([path, limits]) => [
      path,
      (series: Series) => limits.map(([first, last]) => [rowAt(series, first), rowAt(series, last)] as const),
    ]),
  );
}

function rowAt({ path, timestamps }: Series, stamp: string): number {
  const row = timestamps.indexOf(stamp.replace('T', ' ').replace(/\.\d+$/, ''));
  if (row < 0) throw new Error(`${path} has no row at the window's limit ${stamp}`);
  return row;
}
