import { environmentSettings } from '../../../layers/adapters/grid-settings.ts';
import { environmentQuarantine } from '../../../layers/adapters/indexed-quarantine.ts';
import { postgresBatchLog } from '../../../layers/adapters/postgres/batch-log.ts';
import { postgresMeterFacts } from '../../../layers/adapters/postgres/meter-facts.ts';
import { postgresMeterRegistry } from '../../../layers/adapters/postgres/meter-registry.ts';
import { database } from '../../../layers/adapters/postgres/pool.ts';
import { postgresReadingStore } from '../../../layers/adapters/postgres/reading-store.ts';
import { schemaVersions } from '../../../layers/contracts/avro/versions.ts';
import { storeReadings } from '../../../layers/domain/readings/store-readings.ts';
import { futureTimeOf } from '../../../layers/domain/vee/settings-source.ts';
import { log } from '../../../layers/runtime/observability.ts';
import { streamHandler } from '../../../layers/runtime/stream.ts';

const store = storeReadings({
  readings: postgresReadingStore(database()),
  facts: postgresMeterFacts(database()),
  registry: postgresMeterRegistry(database()),
  quarantine: environmentQuarantine(),
  futureTime: futureTimeOf(environmentSettings((failure) => log.error('SETTINGS_KEPT', failure))),
  schemas: schemaVersions(process.env.SCHEMA_VERSIONS ?? ''),
  batches: postgresBatchLog(database()),
  clock: Date.now,
});

export const handler = streamHandler((records) => store(records.map(({ data }) => data)));
