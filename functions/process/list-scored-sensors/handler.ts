import { database } from '../../../layers/adapters/postgres/pool.ts';
import { postgresSensorDirectory } from '../../../layers/adapters/postgres/sensor-scoring.ts';
import { s3Objects } from '../../../layers/adapters/s3/objects.ts';
import { taskHandler } from '../../../layers/runtime/task.ts';
import { sensorShards, shardsTask } from './sensor-shards.ts';

const shards = sensorShards({
  directory: postgresSensorDirectory(database()),
  objects: s3Objects(process.env.MODELS_BUCKET ?? ''),
});

export const handler = taskHandler('SENSORS_LISTED', shardsTask, shards);
