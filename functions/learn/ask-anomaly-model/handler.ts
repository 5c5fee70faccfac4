import { s3Objects } from '../../../layers/adapters/s3/objects.ts';
import { sageMakerEndpoint } from '../../../layers/adapters/sagemaker/model-endpoint.ts';
import { taskHandler, watch } from '../../../layers/runtime/task.ts';
import { askModel, askTask } from './ask-model.ts';

const { ENDPOINT_NAME = '', MODELS_BUCKET = '' } = process.env;

const ask = askModel({
  endpoint: sageMakerEndpoint(ENDPOINT_NAME),
  objects: s3Objects(MODELS_BUCKET),
  clock: Date.now,
  watch,
});

export const handler = taskHandler('MODEL_ANSWERED', askTask, ask);
