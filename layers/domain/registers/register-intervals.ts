import type { RegisterSegment } from './register-energy.ts';

/** Energy of intervals that a register was read at both ends of, and the times in which it says less. */
export interface RegisterIntervals {
  intervals: { start: number; energyWh: number }[];
  /** Adjacent unknown times; `energyWh`: what they hold together, null if that is not known either. Never split. */
  gaps: { from: number; to: number; energyWh: number | null }[];
}

/** Intervals of a given length from register segments over [from, to), epoch ms. */
export function registerIntervals(
  segments: readonly RegisterSegment[],
  range: { from: number; to: number; intervalMs: number },
): RegisterIntervals {
  const found: RegisterIntervals = { intervals: [], gaps: [] };
  let at = range.from;
  const unread = (to: number) => {
    if (to > at) found.gaps.push({ from: at, to, energyWh: null });
  };
  for (const { from, to, energyWh } of segments) {
    if (to <= range.from || from >= range.to) continue;
    unread(from);
    if (energyWh !== null && to - from === range.intervalMs && from % range.intervalMs === 0) {
      found.intervals.push({ start: from, energyWh });
    } else found.gaps.push({ from, to, energyWh });
    at = to;
  }
  unread(range.to);
  return found;
}
