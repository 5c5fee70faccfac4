import type { Answer } from './api.ts';
import { type Asked, liveMs, useAnswer, useAnswers } from './data.ts';
import type { TimeRange } from './range.ts';
import { hourMs, iso } from './times.ts';

/** Assumed where no reactive power is measured; the API says its own with each loading. */
const powerFactor = 0.95;

export interface FeederSummary {
  feederId: string;
  name: string;
  ratingKva: number;
  /** Newest mean active power, kW, and when it ended. */
  loadKw: number | null;
  newest: number | undefined;
  loadingPercent: number | null;
  peakKw: number | null;
  points: (number | null)[];
  /** Readings present among those expected over the range; null where none were expected. */
  completeness: number | null;
}

export const completenessOf = (
  periods: readonly { intervalsExpected: number; intervalsPresent: number }[],
): number | null => {
  const expected = periods.reduce((sum, p) => sum + p.intervalsExpected, 0);
  return expected === 0 ? null : periods.reduce((sum, p) => sum + p.intervalsPresent, 0) / expected;
};

/** Drops what is not yet due: the last hour of a live range has expected intervals that no meter has sent. */
export const settled = <P extends { end: string }>(periods: readonly P[], now: number): P[] =>
  periods.filter((period) => Date.parse(period.end) <= now - hourMs / 2);

/** Every feeder with its load over the range. */
export const useFeeders = (
  range: TimeRange,
): { feeders: FeederSummary[] | undefined; asked: Asked<unknown>[]; network: Answer<'getNetwork'> | undefined } => {
  const network = useAnswer('getNetwork', {}, 60_000);
  const known = network.data?.feeders ?? [];
  const bounds = { from: iso(range.from), to: iso(range.to) };
  const loads = useAnswers(
    'getFeederLoad',
    known
      .filter((f) => f.sensorId !== null)
      .map((f) => ({
        params: { feederId: f.feederId },
        query: { ...bounds, resolutionMinutes: range.resolutionMinutes },
      })),
    liveMs,
  );
  const energies = useAnswers(
    'getFeederConsumption',
    known.map((f) => ({
      params: { feederId: f.feederId },
      query: { ...bounds, granularity: 'hour' as const, tz: range.gridZone },
    })),
    4 * liveMs,
  );
  const feeders = known.map((feeder, index): FeederSummary => {
    const load = loads.find((one) => one.data?.feederId === feeder.feederId)?.data;
    const newest = load?.periods.findLast((period) => period.value !== null);
    const values = (load?.periods ?? []).map((period) => period.value);
    const loadKw = newest?.value ?? null;
    const hours = energies[index]?.data?.periods;
    return {
      feederId: feeder.feederId,
      name: feeder.name,
      ratingKva: feeder.ratingKva,
      loadKw,
      newest: newest ? Date.parse(newest.end) : undefined,
      loadingPercent: loadKw === null ? null : (loadKw / powerFactor / feeder.ratingKva) * 100,
      peakKw: values.reduce<number | null>((most, v) => (v === null ? most : Math.max(most ?? v, v)), null),
      points: values,
      completeness: hours ? completenessOf(settled(hours, range.now)) : null,
    };
  });
  return {
    feeders: network.data ? feeders : undefined,
    asked: [network, ...loads, ...energies],
    network: network.data,
  };
};
