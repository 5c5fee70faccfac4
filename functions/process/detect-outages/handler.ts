import { postgresOutageStore, postgresSupplyEvidence } from '../../../layers/adapters/postgres/outage-detection.ts';
import { database } from '../../../layers/adapters/postgres/pool.ts';
import { postgresReadingStore } from '../../../layers/adapters/postgres/reading-store.ts';
import { DEFAULT_OUTAGE_SETTINGS } from '../../../layers/contracts/outages/settings.ts';
import { detectOutages } from '../../../layers/domain/outages/detect-outages.ts';
import { scheduledHandler } from '../../../layers/runtime/scheduled.ts';

export const handler = scheduledHandler(
  'OUTAGES_DETECTED',
  detectOutages({
    evidence: postgresSupplyEvidence(database()),
    outages: postgresOutageStore(database()),
    readings: postgresReadingStore(database()),
    settings: async () => DEFAULT_OUTAGE_SETTINGS,
    clock: Date.now,
  }),
);
