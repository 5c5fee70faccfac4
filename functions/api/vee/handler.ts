import { database } from '../../../layers/adapters/postgres/pool.ts';
import { postgresReadingStore } from '../../../layers/adapters/postgres/reading-store.ts';
import {
  postgresSettlementFacts,
  postgresSettlementMasterData,
} from '../../../layers/adapters/postgres/settlement-master-data.ts';
import { postgresSettlementReader } from '../../../layers/adapters/postgres/settlement-reader.ts';
import { postgresSettlementStore } from '../../../layers/adapters/postgres/settlement-store.ts';
import { defaultSettings } from '../../../layers/domain/vee/default-settings.ts';
import { apiHandler } from '../../../layers/runtime/api-handler.ts';
import { veeRoutes } from './vee-routes.ts';

const reader = postgresSettlementReader(database());

export const handler = apiHandler(
  veeRoutes({
    readings: postgresReadingStore(database()),
    facts: postgresSettlementFacts(database()),
    master: postgresSettlementMasterData(database()),
    store: postgresSettlementStore(database()),
    settings: defaultSettings(),
    reader,
    clock: Date.now,
  }),
);
