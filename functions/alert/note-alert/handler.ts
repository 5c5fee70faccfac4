import * as z from 'zod';
import { postgresAlertStore } from '../../../layers/adapters/postgres/anomaly-alerts.ts';
import { database } from '../../../layers/adapters/postgres/pool.ts';
import { taskHandler } from '../../../layers/runtime/task.ts';

const store = postgresAlertStore(database());

export const handler = taskHandler('ALERT_NOTED', z.object({ anomalyId: z.string() }), async ({ anomalyId }) => {
  await store.noteTold(anomalyId, Date.now());
  return { output: { anomalyId } };
});
