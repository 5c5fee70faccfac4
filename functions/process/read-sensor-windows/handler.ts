import { s3Objects } from '../../../layers/adapters/s3/objects.ts';
import { telemetryStore } from '../../../layers/adapters/telemetry-store.ts';
import { taskHandler } from '../../../layers/runtime/task.ts';
import { readTask, readWindows } from './read-windows.ts';

const read = readWindows({
  telemetry: telemetryStore(),
  objects: s3Objects(process.env.MODELS_BUCKET ?? ''),
  clock: Date.now,
});

export const handler = taskHandler('SENSOR_WINDOWS_READ', readTask, read);
