import { postgresForecastStore } from '../../../layers/adapters/postgres/forecast-store.ts';
import { database } from '../../../layers/adapters/postgres/pool.ts';
import { postgresWindowReader } from '../../../layers/adapters/postgres/window-reader.ts';
import { s3Objects } from '../../../layers/adapters/s3/objects.ts';
import { taskHandler } from '../../../layers/runtime/task.ts';
import { storeForecasts, storeTask } from './store-forecasts.ts';

const store = storeForecasts({
  forecasts: postgresForecastStore(database()),
  windows: postgresWindowReader(database()),
  objects: s3Objects(process.env.MODELS_BUCKET ?? ''),
});

export const handler = taskHandler('FORECASTS_STORED', storeTask, store);
