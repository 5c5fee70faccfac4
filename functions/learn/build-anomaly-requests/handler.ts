import { postgresMeterDirectory } from '../../../layers/adapters/postgres/meter-directory.ts';
import { database } from '../../../layers/adapters/postgres/pool.ts';
import { postgresReadingStore } from '../../../layers/adapters/postgres/reading-store.ts';
import { s3Objects } from '../../../layers/adapters/s3/objects.ts';
import { taskHandler } from '../../../layers/runtime/task.ts';
import { buildRequests, shardTask } from './build-requests.ts';

const build = buildRequests({
  directory: postgresMeterDirectory(database()),
  readings: postgresReadingStore(database()),
  objects: s3Objects(process.env.MODELS_BUCKET ?? ''),
});

export const handler = taskHandler('ANOMALY_REQUESTS_BUILT', shardTask, build);
