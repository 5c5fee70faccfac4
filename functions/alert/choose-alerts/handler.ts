import * as z from 'zod';
import { environmentSettings } from '../../../layers/adapters/grid-settings.ts';
import { postgresAlertStore } from '../../../layers/adapters/postgres/anomaly-alerts.ts';
import { database } from '../../../layers/adapters/postgres/pool.ts';
import { chooseAlerts } from '../../../layers/domain/anomalies/choose-alerts.ts';
import { log } from '../../../layers/runtime/observability.ts';
import { taskHandler } from '../../../layers/runtime/task.ts';

const settings = environmentSettings((failure) => log.error('SETTINGS_KEPT', failure));
const choose = chooseAlerts({
  store: postgresAlertStore(database()),
  settings: async () => (await settings.current()).settings.anomalies,
  siteUrl: process.env.SITE_URL ?? '',
  clock: Date.now,
});

export const handler = taskHandler('ALERTS_CHOSEN', z.object({}), async () => {
  const { alerts, decided } = await choose();
  const counts = { AnomaliesDecided: decided, AnomalyAlerts: alerts.length };
  return { output: { count: alerts.length, alerts }, counts };
});
