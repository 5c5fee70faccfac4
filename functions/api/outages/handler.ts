import { postgresOutageReader } from '../../../layers/adapters/postgres/outage-reader.ts';
import { database } from '../../../layers/adapters/postgres/pool.ts';
import { postgresReadingStore } from '../../../layers/adapters/postgres/reading-store.ts';
import { topologyReader } from '../../../layers/adapters/postgres/topology-reader.ts';
import { apiHandler } from '../../../layers/runtime/api-handler.ts';
import { outageRoutes } from './outage-routes.ts';

export const handler = apiHandler(
  outageRoutes({
    outages: postgresOutageReader(database()),
    topology: topologyReader(database()),
    readings: postgresReadingStore(database()),
  }),
);
