import type { SampleAggregate } from '../telemetry/telemetry-store.ts';

/** Load of one feeder in a span of time; `null` where its sensor was silent. */
export interface LoadPeriod {
  start: number;
  end: number;
  /** Mean active power, kW. */
  value: number | null;
  /** Lowest sample, kW; of phases the sum of their lowest, a lower bound. */
  minimum: number | null;
  /** Highest sample, kW; of phases the sum of their highest, an upper bound. */
  maximum: number | null;
  samplesPresent: number;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

/** Spans of `minutes` that meet [from, to), epoch ms, in order. */
export function spans(range: { from: number; to: number; minutes: number }): { start: number; end: number }[] {
  const lengthMs = range.minutes * 60_000;
  const first = Math.floor(range.from / lengthMs) * lengthMs;
  return Array.from({ length: Math.max(0, Math.ceil((range.to - first) / lengthMs)) }, (_, index) => ({
    start: first + index * lengthMs,
    end: first + (index + 1) * lengthMs,
  }));
}

/** Load of a feeder per span, from the total its sensor reports or, where it reports only phases, from their sum. */
export function feederLoad(
  aggregates: readonly SampleAggregate[],
  range: { from: number; to: number; minutes: number },
): LoadPeriod[] {
  const byStart = Map.groupBy(aggregates, ({ start }) => start);
  return spans(range).map(({ start, end }) => {
    const found = byStart.get(start) ?? [];
    const totals = found.filter(({ phase }) => phase === undefined);
    const counted = totals.length > 0 ? totals : found;
    if (counted.length === 0) return { start, end, value: null, minimum: null, maximum: null, samplesPresent: 0 };
    return {
      start,
      end,
      value: sum(counted.map(({ mean }) => mean)),
      minimum: sum(counted.map(({ minimum }) => minimum)),
      maximum: sum(counted.map(({ maximum }) => maximum)),
      samplesPresent: Math.min(...counted.map(({ count }) => count)),
    };
  });
}

/** Load of the system per span: the sum over the feeders that reported, and how many did. */
export function systemLoad(
  feeders: readonly (readonly LoadPeriod[])[],
  range: { from: number; to: number; minutes: number },
): { start: number; end: number; value: number | null; feedersExpected: number; feedersPresent: number }[] {
  return spans(range).map(({ start, end }, index) => {
    const present = feeders.flatMap((periods) => periods[index]?.value ?? []);
    return {
      start,
      end,
      value: present.length === 0 ? null : sum(present),
      feedersExpected: feeders.length,
      feedersPresent: present.length,
    };
  });
}
