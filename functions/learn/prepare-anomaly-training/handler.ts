import { postgresAnomalyLabels } from '../../../layers/adapters/postgres/anomaly-labels.ts';
import { postgresLatestDay } from '../../../layers/adapters/postgres/latest-day.ts';
import { postgresMeterDirectory } from '../../../layers/adapters/postgres/meter-directory.ts';
import { database } from '../../../layers/adapters/postgres/pool.ts';
import { postgresReadingStore } from '../../../layers/adapters/postgres/reading-store.ts';
import { s3Objects } from '../../../layers/adapters/s3/objects.ts';
import { taskHandler } from '../../../layers/runtime/task.ts';
import { prepareTraining, trainingTask } from './prepare-training.ts';

const prepare = prepareTraining({
  directory: postgresMeterDirectory(database()),
  readings: postgresReadingStore(database()),
  labels: postgresAnomalyLabels(database()),
  latestDay: postgresLatestDay(database()),
  objects: s3Objects(process.env.MODELS_BUCKET ?? ''),
});

export const handler = taskHandler('TRAINING_PREPARED', trainingTask, prepare);
