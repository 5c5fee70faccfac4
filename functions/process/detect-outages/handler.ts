import { environmentSettings } from '../../../layers/adapters/grid-settings.ts';
import { postgresOutageStore, postgresSupplyEvidence } from '../../../layers/adapters/postgres/outage-detection.ts';
import { database } from '../../../layers/adapters/postgres/pool.ts';
import { postgresReadingStore } from '../../../layers/adapters/postgres/reading-store.ts';
import { detectOutages } from '../../../layers/domain/outages/detect-outages.ts';
import { log } from '../../../layers/runtime/observability.ts';
import { scheduledHandler } from '../../../layers/runtime/scheduled.ts';

const settings = environmentSettings((failure) => log.error('SETTINGS_KEPT', failure));

export const handler = scheduledHandler(
  'OUTAGES_DETECTED',
  detectOutages({
    evidence: postgresSupplyEvidence(database()),
    outages: postgresOutageStore(database()),
    readings: postgresReadingStore(database()),
    settings: async () => (await settings.current()).settings.outages,
    clock: Date.now,
  }),
);
