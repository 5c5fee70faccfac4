import type { Period } from '../calendar/local-periods.ts';
import { MINUTE_MS } from '../readings/calendar-day.ts';

/** So many meters of one interval length that serve an entity over the same span. */
export interface ServiceGroup {
  /** Epoch ms, inclusive. */
  from: number;
  /** Epoch ms, exclusive; null: still. */
  to: number | null;
  intervalMinutes: number;
  meters: number;
}

/** What is to be in a period. */
export interface Expectation {
  intervals: number;
  /** Most meters that serve in one interval of it. */
  meters: number;
}

/**
 * Intervals that the meters in service owe in each period: those that start in it while a meter serves, and have ended at `now`.
 * Costs the groups plus the intervals of the range, whatever their product.
 * @param query `periods` in order and without holes, epoch ms
 */
export function expectedIntervals(query: {
  periods: readonly Period[];
  groups: readonly ServiceGroup[];
  now: number;
}): Expectation[] {
  const { periods, now } = query;
  const expected = periods.map(() => ({ intervals: 0, meters: 0 }));
  const from = periods[0]?.start ?? 0;
  const to = periods.at(-1)?.end ?? 0;
  for (const [intervalMinutes, groups] of Map.groupBy(query.groups, (group) => group.intervalMinutes)) {
    const lengthMs = intervalMinutes * MINUTE_MS;
    const slotAt = (timeMs: number) => Math.ceil(timeMs / lengthMs);
    const first = slotAt(from);
    const end = Math.max(first, Math.min(slotAt(to), slotAt(now - lengthMs + 1)));
    const serving = servingBySlot(groups, { first, end, slotAt });
    let period = 0;
    let most = 0;
    for (let slot = first; slot < end; slot++) {
      while (slot * lengthMs >= (periods[period] as Period).end) {
        (expected[period] as Expectation).meters += most;
        most = 0;
        period++;
      }
      const meters = serving[slot - first] as number;
      (expected[period] as Expectation).intervals += meters;
      if (meters > most) most = meters;
    }
    if (most > 0) (expected[period] as Expectation).meters += most;
  }
  return expected;
}

/** Meters in service at the start of each slot [first, end). */
function servingBySlot(
  groups: readonly ServiceGroup[],
  { first, end, slotAt }: { first: number; end: number; slotAt: (timeMs: number) => number },
): Float64Array {
  const change = new Float64Array(end - first + 1);
  for (const { from, to, meters } of groups) {
    const starts = Math.max(first, Math.min(end, slotAt(from)));
    const stops = to === null ? end : Math.max(starts, Math.min(end, slotAt(to)));
    change[starts - first] = (change[starts - first] as number) + meters;
    change[stops - first] = (change[stops - first] as number) - meters;
  }
  for (let slot = 1; slot < change.length; slot++)
    change[slot] = (change[slot] as number) + (change[slot - 1] as number);
  return change;
}
