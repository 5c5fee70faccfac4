import { createInterface } from 'node:readline';
import pg from 'pg';
import { postgresMeterFacts } from '../../../layers/adapters/postgres/meter-facts.ts';
import { postgresMeterRegistry } from '../../../layers/adapters/postgres/meter-registry.ts';
import { databaseOf } from '../../../layers/adapters/postgres/pool.ts';
import { postgresReadingStore } from '../../../layers/adapters/postgres/reading-store.ts';
import { postgresWindowAggregation } from '../../../layers/adapters/postgres/window-aggregation.ts';
import { storeReadings } from '../../../layers/domain/readings/store-readings.ts';
import { aggregateWindows } from '../../../layers/domain/windows/aggregate-windows.ts';

/**
 * Stores batches of records, a line of standard input each (a JSON list of base64), and prints `done` after each; every third one is compacted and
 * summed before that. What goes to quarantine is printed the moment it is put there. The state test kills it.
 */
const [port, now] = process.argv.slice(2).map(Number);
const pool = new pg.Pool({ host: '127.0.0.1', port, user: 'grid_migrator', database: 'grid', max: 4 });
const database = databaseOf(pool);
const consume = storeReadings({
  readings: postgresReadingStore(database),
  facts: postgresMeterFacts(database),
  registry: postgresMeterRegistry(database),
  quarantine: {
    async put(messages) {
      for (const message of messages) process.stdout.write(`${JSON.stringify(message)}\n`);
    },
  },
  clock: () => now ?? 0,
});
let batches = 0;
for await (const line of createInterface({ input: process.stdin })) {
  await consume((JSON.parse(line) as string[]).map((data) => Buffer.from(data, 'base64')));
  batches += 1;
  if (batches % 3 === 0) {
    await postgresReadingStore(database).compact({ everything: true });
    await aggregateWindows(postgresWindowAggregation(database));
  }
  process.stdout.write('done\n');
}
