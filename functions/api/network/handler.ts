import { database } from '../../../layers/adapters/postgres/pool.ts';
import { postgresTelemetryStore } from '../../../layers/adapters/postgres/telemetry.ts';
import { topologyReader } from '../../../layers/adapters/postgres/topology-reader.ts';
import { postgresWindowReader } from '../../../layers/adapters/postgres/window-reader.ts';
import { apiHandler } from '../../../layers/runtime/api-handler.ts';
import { networkRoutes } from './network-routes.ts';

export const handler = apiHandler(
  networkRoutes({
    topology: topologyReader(database()),
    windows: postgresWindowReader(database()),
    telemetry: process.env.TELEMETRY_STORE === 'postgres' ? postgresTelemetryStore(database()) : undefined,
  }),
);
