import { forgetOldBatches } from '../../../layers/adapters/postgres/batch-log.ts';
import { database } from '../../../layers/adapters/postgres/pool.ts';
import { postgresReadingStore } from '../../../layers/adapters/postgres/reading-store.ts';
import { scheduledHandler } from '../../../layers/runtime/scheduled.ts';

/** The function's time-out is 55 s: a started bucket and day is finished. */
const BUDGET_MS = 45_000;
const readings = postgresReadingStore(database());

export const handler = scheduledHandler('READINGS_COMPACTED', async () => {
  const { bucketDays, readings: moved, versions, more } = await readings.compact({ budgetMs: BUDGET_MS });
  await forgetOldBatches(database());
  return {
    BucketDaysCompacted: bucketDays,
    ReadingsCompacted: moved,
    VersionsKept: versions,
    CompactionsWaiting: more ? 1 : 0,
  };
});
