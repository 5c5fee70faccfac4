import { AnomalyTracker } from '../../../layers/domain/anomalies/anomaly-tracker.ts';
import { randomSource } from '../../../layers/domain/anomalies/random-source.ts';
import { streamEpisodes } from '../../../layers/domain/anomalies/stream-episodes.ts';

const HALF_HOUR = 1_800_000;
const DAYS = 28;
const subject = {
  entity: { kind: 'meter', id: 'm1' },
  quantity: 'activeEnergyImport',
  phase: null,
} as const;

test.each(Array.from({ length: 12 }, (_, seed) => [seed]))(
  'a lone peak is told by itself, not by the way back from it (%i)',
  (seed) => {
    const random = randomSource((seed + 1) * 7919);
    const readings = Array.from({ length: DAYS * 48 }, (_, n) => ({
      at: n * HALF_HOUR,
      end: (n + 1) * HALF_HOUR,
      value: random.next() < 0.1 ? 1.5 * random.next() : 0.05 + 0.02 * Math.round(random.next() * 2),
    }));
    const at = (DAYS - 1) * 48 + seed + 1;
    (readings[at] as { value: number }).value = 24.5;
    const tracker = new AnomalyTracker({ timeZone: 'UTC', seed: 1 });
    const found = streamEpisodes(tracker, readings, { subject, unit: 'kWh', from: 0, leastSurprise: 3 });
    const [own, ...others] = found.filter(({ since, until }) => since <= at * HALF_HOUR && until > at * HALF_HOUR);
    expect(others).toEqual([]);
    expect(own).toMatchObject({ value: 24.5, direction: 'high', peakAt: at * HALF_HOUR });
  },
);
