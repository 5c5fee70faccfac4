import type { GapReason } from '../../contracts/api/meters.ts';
import type { Service } from './service.ts';

/** Readings this late are common enough to be waited for. [proposed] */
const AWAITED_MS = 24 * 3_600_000;

export interface Gap {
  start: number;
  end: number;
  reason: GapReason;
}

/**
 * Intervals of [from, to) that were expected while the meter served and are not there, adjacent ones as one gap. An interval
 * that has not ended at `now` is not expected.
 * @param query epoch ms; `present` holds the starts of the intervals that are there
 */
export function gaps(query: {
  from: number;
  to: number;
  now: number;
  services: readonly Service[];
  present: ReadonlySet<number>;
}): Gap[] {
  const found: Gap[] = [];
  for (const service of query.services.toSorted((a, b) => a.from - b.from)) {
    const lengthMs = service.intervalMinutes * 60_000;
    const first = Math.ceil(Math.max(query.from, service.from) / lengthMs) * lengthMs;
    const until = Math.min(query.to, service.to ?? Number.POSITIVE_INFINITY);
    for (let start = first; start < until && start + lengthMs <= query.now; start += lengthMs) {
      if (query.present.has(start)) continue;
      const reason = start + lengthMs > query.now - AWAITED_MS ? 'awaited' : 'missing';
      const last = found.at(-1);
      if (last?.end === start && last.reason === reason) last.end = start + lengthMs;
      else found.push({ start, end: start + lengthMs, reason });
    }
  }
  return found;
}
