import { AnomalyTracker } from '../../../layers/domain/anomalies/anomaly-tracker.ts';
import { householdData } from '../../../test/harness/household-data.ts';
import { type Figure, median } from '../../figure.ts';

const ROUNDS = 5;
const METERS = 50;
/** Half hours of each meter in a round: a year. */
const INTERVALS = 17_520;
/** What this has to reach, readings a second and core. */
const GOAL = 200_000;

/** Streaming scores of fifty real meters, all of an interval before the next one, as a stream brings them. */
export async function run(say: (line: string) => void): Promise<Record<string, Figure>> {
  const { meterIds, starts, wh } = householdData();
  const meters = meterIds.slice(0, METERS).map((id) => wh.get(id) ?? []);
  const scored: number[] = [];
  const restored: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const trackers = meters.map((_, seed) => new AnomalyTracker({ timeZone: 'Australia/Brisbane', seed }));
    scored.push(rateOf(() => scoreAll(trackers)));
    restored.push(
      rateOf(() => {
        for (let n = 0; n < trackers.length; n++) {
          const tracker = trackers[n] as AnomalyTracker;
          trackers[n] = AnomalyTracker.restore(tracker.serialise(), { timeZone: 'Australia/Brisbane' });
        }
        return trackers.length;
      }),
    );
  }
  const rate = median(scored);
  say(
    `${METERS} meters, ${ROUNDS} rounds; ${rate >= GOAL ? 'reaches' : 'MISSES'} ${GOAL.toLocaleString('en')} readings/CPU-s; bounded by CPU`,
  );
  return {
    'streaming anomaly scores': { value: rate, unit: 'readings/CPU-s' },
    'tracker saved and restored': { value: median(restored), unit: 'meters/CPU-s' },
  };

  function scoreAll(trackers: readonly AnomalyTracker[]): number {
    let readings = 0;
    for (let n = 0; n < INTERVALS; n++) {
      for (const [m, values] of meters.entries()) {
        const value = values[n];
        if (value === undefined) continue;
        (trackers[m] as AnomalyTracker).score({ at: starts[n] as number, value });
        readings++;
      }
    }
    return readings;
  }
}

/** Done per second of this process's CPU. */
function rateOf(work: () => number): number {
  const before = process.cpuUsage();
  const done = work();
  const { user, system } = process.cpuUsage(before);
  return done / ((user + system) / 1e6);
}
