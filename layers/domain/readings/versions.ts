import type { ReadingVersion } from './reading-columns.ts';

/** The one that wins among versions of one interval, of those received by `asOf` (epoch ms); undefined: none was. */
export function winnerAsOf(
  versions: Iterable<ReadingVersion>,
  asOf = Number.POSITIVE_INFINITY,
): { version: ReadingVersion; conflict: boolean } | undefined {
  let winner: ReadingVersion | undefined;
  let conflict = false;
  for (const version of versions) {
    if (version.recordedAt > asOf) continue;
    if (winner === undefined) {
      winner = version;
      continue;
    }
    const rank = version.quality - winner.quality || version.revision - winner.revision;
    const larger = version.energyWh - winner.energyWh;
    if (rank === 0 && larger !== 0) conflict = true;
    else if (rank > 0) conflict = false;
    const earlier = rank === 0 && larger === 0 && version.recordedAt < winner.recordedAt;
    if (rank > 0 || (rank === 0 && larger > 0) || earlier) winner = version;
  }
  return winner && { version: winner, conflict };
}
