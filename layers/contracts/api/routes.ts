import type { Route } from './route.ts';
import { anomalyRoutes } from './routes/anomalies.ts';
import { auditRoutes } from './routes/audit.ts';
import { batchRoutes } from './routes/batches.ts';
import { forecastIssueRoutes, forecastRoutes } from './routes/forecasts.ts';
import { ingestRoutes } from './routes/ingest.ts';
import { meterRoutes } from './routes/meters.ts';
import { modelRoutes } from './routes/models.ts';
import { networkRoutes } from './routes/network.ts';
import { outageRoutes } from './routes/outages.ts';
import { quarantineRoutes } from './routes/quarantine.ts';
import { readingEditRoutes } from './routes/reading-edits.ts';
import { serviceRoutes } from './routes/service.ts';
import { telemetryRoutes } from './routes/telemetry.ts';
import { topologyRoutes } from './routes/topology.ts';
import { veeRoutes } from './routes/vee.ts';
import { windowRoutes } from './routes/windows.ts';

/** Every route, by its id. */
export const routesById = {
  ...serviceRoutes,
  ...meterRoutes,
  ...networkRoutes,
  ...windowRoutes,
  ...telemetryRoutes,
  ...outageRoutes,
  ...ingestRoutes,
  ...readingEditRoutes,
  ...quarantineRoutes,
  ...forecastRoutes,
  ...anomalyRoutes,
  ...forecastIssueRoutes,
  ...modelRoutes,
  ...batchRoutes,
  ...veeRoutes,
  ...auditRoutes,
  ...topologyRoutes,
} as const satisfies Record<string, Route>;

export type RouteId = keyof typeof routesById;

/** Every route, in the order of declaration. */
export const routes: readonly Route[] = Object.values(routesById);
