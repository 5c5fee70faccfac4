import pg from 'pg';
import { postgresMeterFacts } from '../../layers/adapters/postgres/meter-facts.ts';
import { postgresMeterRegistry } from '../../layers/adapters/postgres/meter-registry.ts';
import { databaseOf } from '../../layers/adapters/postgres/pool.ts';
import { postgresReadingStore } from '../../layers/adapters/postgres/reading-store.ts';
import { RELEASED_VERSIONS } from '../../layers/contracts/avro/versions.ts';
import { storeReadings } from '../../layers/domain/readings/store-readings.ts';
import { COLUMNS_SCHEMA_ID } from '../load.ts';
import { DAY_SLOTS, type DayForm, intervalRecords } from './day-load.ts';

/** What one process is to store: a shard's meters, or several shards'. */
export interface DayWork {
  settings: pg.ClientConfig;
  form: DayForm;
  from: number;
  to: number;
}

/** What it has stored so far, and the time that took: generating the load is not counted. */
export interface DayProgress {
  readings: number;
  busyMs: number;
  cpuMs: number;
  done: boolean;
}

const METERS_PER_BATCH = 10_240;
/** Compaction is due when so many intervals of a bucket wait. */
const SLOTS_PER_COMPACTION = 16;

process.once('message', async (work: DayWork) => {
  const pool = new pg.Pool({ ...work.settings, max: 2 });
  const database = databaseOf(pool);
  const readings = postgresReadingStore(database);
  const store = storeReadings({
    readings,
    facts: postgresMeterFacts(database),
    registry: postgresMeterRegistry(database),
    quarantine: {
      async put(messages) {
        if (messages.length > 0) throw new Error(`quarantined: ${JSON.stringify(messages[0]?.reasons)}`);
      },
    },
    schemas: new Map(
      RELEASED_VERSIONS.filter(({ kind }) => kind === 'interval-columns').map((version) => [
        COLUMNS_SCHEMA_ID,
        version,
      ]),
    ),
    clock: Date.now,
  });
  const progress: DayProgress = { readings: 0, busyMs: 0, cpuMs: 0, done: false };
  const timed = async (step: () => Promise<unknown>) => {
    const startedAt = performance.now();
    const before = process.cpuUsage();
    await step();
    const { user, system } = process.cpuUsage(before);
    progress.busyMs += performance.now() - startedAt;
    progress.cpuMs += (user + system) / 1000;
  };
  const compact = async (everything: boolean) => {
    while ((await readings.compact({ everything })).more);
  };
  for (let slot = 0; slot < DAY_SLOTS; slot++) {
    for (let from = work.from; from < work.to; from += METERS_PER_BATCH) {
      const to = Math.min(work.to, from + METERS_PER_BATCH);
      const records = intervalRecords(work.form, slot, { from, to });
      await timed(() => store(records));
      progress.readings += to - from;
    }
    if ((slot + 1) % SLOTS_PER_COMPACTION === 0) await timed(() => compact(slot === DAY_SLOTS - 1));
    process.send?.(progress);
  }
  await pool.end();
  process.send?.({ ...progress, done: true });
  process.disconnect();
});
