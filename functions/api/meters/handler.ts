import { postgresMeterFactReader } from '../../../layers/adapters/postgres/meter-fact-reader.ts';
import { postgresMeterRegistry } from '../../../layers/adapters/postgres/meter-registry.ts';
import { database } from '../../../layers/adapters/postgres/pool.ts';
import { postgresReadingStore } from '../../../layers/adapters/postgres/reading-store.ts';
import { postgresSettlementReader } from '../../../layers/adapters/postgres/settlement-reader.ts';
import { topologyReader } from '../../../layers/adapters/postgres/topology-reader.ts';
import { postgresWindowReader } from '../../../layers/adapters/postgres/window-reader.ts';
import { apiHandler } from '../../../layers/runtime/api-handler.ts';
import { meterRoutes } from './meter-routes.ts';

export const handler = apiHandler(
  meterRoutes({
    topology: topologyReader(database()),
    readings: postgresReadingStore(database()),
    windows: postgresWindowReader(database()),
    settlement: postgresSettlementReader(database()),
    facts: postgresMeterFactReader(database()),
    registry: postgresMeterRegistry(database()),
  }),
);
