import { SageMakerClient } from '@aws-sdk/client-sagemaker';
import { documentClient } from '../../../layers/adapters/dynamodb/document-client.ts';
import { dynamoModelRuns } from '../../../layers/adapters/dynamodb/model-runs.ts';
import { s3Objects } from '../../../layers/adapters/s3/objects.ts';
import { sageMakerEndpoint } from '../../../layers/adapters/sagemaker/model-endpoint.ts';
import { sageMakerRegistry } from '../../../layers/adapters/sagemaker/model-registry.ts';
import { taskHandler } from '../../../layers/runtime/task.ts';
import { judgeCandidate, judgeTask } from './judge-candidate.ts';

const { ENDPOINT_NAME = '', MODELS_BUCKET = '', MODEL_IMAGE = '', PACKAGE_GROUP = '', RUNS_TABLE = '' } = process.env;

const judge = judgeCandidate({
  champion: sageMakerEndpoint(ENDPOINT_NAME),
  objects: s3Objects(MODELS_BUCKET),
  registry: sageMakerRegistry(new SageMakerClient({}), { group: PACKAGE_GROUP, image: MODEL_IMAGE }),
  runs: dynamoModelRuns(documentClient(), RUNS_TABLE),
});

export const handler = taskHandler('CANDIDATE_JUDGED', judgeTask, judge);
