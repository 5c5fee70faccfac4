import { database } from '../../../layers/adapters/postgres/pool.ts';
import { postgresReadingStore } from '../../../layers/adapters/postgres/reading-store.ts';
import { topologyReader } from '../../../layers/adapters/postgres/topology-reader.ts';
import { apiHandler } from '../../../layers/runtime/api-handler.ts';
import { networkRoutes } from './network-routes.ts';

export const handler = apiHandler(
  networkRoutes({ topology: topologyReader(database()), readings: postgresReadingStore(database()) }),
);
