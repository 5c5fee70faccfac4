import type { QuarantineIndex } from './quarantine-index.ts';
import type { FailedBatches } from './quarantine-objects.ts';

/** Beyond this many the count says no more than "too many": counting them would cost more than it tells. [proposed] */
const MOST_COUNTED = 10_000;

/** Notes failed batches in the index; counts what waits, and how long the oldest has waited. */
export function watchQuarantine(ports: {
  index: Pick<QuarantineIndex, 'arrive' | 'depth'>;
  batches: FailedBatches;
  clock: () => number;
}) {
  return async () => {
    for await (const arrivals of ports.batches.list()) await ports.index.arrive(arrivals);
    const { open, oldestSince } = await ports.index.depth(MOST_COUNTED);
    return {
      QuarantineOpen: open,
      QuarantineOldestHours: oldestSince === undefined ? 0 : Math.max(0, ports.clock() - oldestSince) / 3_600_000,
    };
  };
}
