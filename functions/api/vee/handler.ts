import { environmentSettings } from '../../../layers/adapters/grid-settings.ts';
import { database } from '../../../layers/adapters/postgres/pool.ts';
import { postgresReadingStore } from '../../../layers/adapters/postgres/reading-store.ts';
import * as settlement from '../../../layers/adapters/postgres/settlement-master-data.ts';
import { postgresSettlementReader } from '../../../layers/adapters/postgres/settlement-reader.ts';
import { postgresSettlementStore } from '../../../layers/adapters/postgres/settlement-store.ts';
import { veeSettings } from '../../../layers/domain/vee/settings-source.ts';
import { apiHandler } from '../../../layers/runtime/api-handler.ts';
import { log } from '../../../layers/runtime/observability.ts';
import { veeRoutes } from './vee-routes.ts';

export const handler = apiHandler(
  veeRoutes({
    readings: postgresReadingStore(database()),
    facts: settlement.postgresSettlementFacts(database()),
    master: settlement.postgresSettlementMasterData(database()),
    store: postgresSettlementStore(database()),
    settings: veeSettings(environmentSettings((failure) => log.error('SETTINGS_KEPT', failure))),
    reader: postgresSettlementReader(database()),
    clock: Date.now,
  }),
);
