import { environmentSettings } from '../../../layers/adapters/grid-settings.ts';
import { database } from '../../../layers/adapters/postgres/pool.ts';
import { postgresSensorScoring } from '../../../layers/adapters/postgres/sensor-scoring.ts';
import { s3Objects } from '../../../layers/adapters/s3/objects.ts';
import { log } from '../../../layers/runtime/observability.ts';
import { taskHandler } from '../../../layers/runtime/task.ts';
import { scoreTask, scoreWindows } from './score-windows.ts';

const settings = environmentSettings((failure) => log.error('SETTINGS_KEPT', failure));

const score = scoreWindows({
  store: postgresSensorScoring(database()),
  objects: s3Objects(process.env.MODELS_BUCKET ?? ''),
  settings: async () => (await settings.current()).settings.anomalies,
  clock: Date.now,
});

export const handler = taskHandler('SENSORS_SCORED', scoreTask, score);
