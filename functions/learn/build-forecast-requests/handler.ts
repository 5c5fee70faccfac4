import { postgresForecastStore } from '../../../layers/adapters/postgres/forecast-store.ts';
import { postgresLatestDay } from '../../../layers/adapters/postgres/latest-day.ts';
import { database } from '../../../layers/adapters/postgres/pool.ts';
import { topologyReader } from '../../../layers/adapters/postgres/topology-reader.ts';
import { postgresWindowReader } from '../../../layers/adapters/postgres/window-reader.ts';
import { s3Objects } from '../../../layers/adapters/s3/objects.ts';
import { taskHandler } from '../../../layers/runtime/task.ts';
import { buildRequests, buildTask } from './build-requests.ts';

const build = buildRequests({
  meters: process.env.METER_FORECASTS === 'on',
  windows: postgresWindowReader(database()),
  topology: topologyReader(database()),
  latestDay: postgresLatestDay(database()),
  forecasts: postgresForecastStore(database()),
  objects: s3Objects(process.env.MODELS_BUCKET ?? ''),
});

export const handler = taskHandler('FORECASTS_ASKED', buildTask, build);
