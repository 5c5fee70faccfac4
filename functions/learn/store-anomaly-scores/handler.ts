import { environmentSettings } from '../../../layers/adapters/grid-settings.ts';
import { postgresModelAnomalies } from '../../../layers/adapters/postgres/model-anomalies.ts';
import { database } from '../../../layers/adapters/postgres/pool.ts';
import { s3Objects } from '../../../layers/adapters/s3/objects.ts';
import { log } from '../../../layers/runtime/observability.ts';
import { taskHandler } from '../../../layers/runtime/task.ts';
import { storeScores, storeTask } from './store-scores.ts';

const settings = environmentSettings((failure) => log.error('SETTINGS_KEPT', failure));

const store = storeScores({
  transaction: postgresModelAnomalies(database()),
  objects: s3Objects(process.env.MODELS_BUCKET ?? ''),
  settings: async () => (await settings.current()).settings.anomalies,
  clock: Date.now,
});

export const handler = taskHandler('ANOMALY_SCORES_STORED', storeTask, store);
