import { postgresMeterFacts } from '../../../layers/adapters/postgres/meter-facts.ts';
import { postgresMeterRegistry } from '../../../layers/adapters/postgres/meter-registry.ts';
import { database } from '../../../layers/adapters/postgres/pool.ts';
import { postgresReadingStore } from '../../../layers/adapters/postgres/reading-store.ts';
import { s3Quarantine } from '../../../layers/adapters/s3/quarantine.ts';
import { storeReadings } from '../../../layers/domain/readings/store-readings.ts';
import { streamHandler } from '../../../layers/runtime/stream.ts';

const store = storeReadings({
  readings: postgresReadingStore(database()),
  facts: postgresMeterFacts(database()),
  registry: postgresMeterRegistry(database()),
  quarantine: s3Quarantine(process.env.QUARANTINE_BUCKET ?? ''),
  clock: Date.now,
});

export const handler = streamHandler((records) => store(records.map(({ data }) => data)));
