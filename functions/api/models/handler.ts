import { SageMakerClient } from '@aws-sdk/client-sagemaker';
import { SFNClient } from '@aws-sdk/client-sfn';
import { SSMClient } from '@aws-sdk/client-ssm';
import { documentClient } from '../../../layers/adapters/dynamodb/document-client.ts';
import { dynamoModelRuns } from '../../../layers/adapters/dynamodb/model-runs.ts';
import { endpointFailure } from '../../../layers/adapters/sagemaker/endpoint-failure.ts';
import { ssmChampions } from '../../../layers/adapters/ssm/champions.ts';
import { machineRuns } from '../../../layers/adapters/stepfunctions/machine-runs.ts';
import { promotionMachine } from '../../../layers/adapters/stepfunctions/promotion-machine.ts';
import { apiHandler } from '../../../layers/runtime/api-handler.ts';
import { type ModelResources, modelRoutes } from './model-routes.ts';

const { RUNS_TABLE = '', CHAMPION_PARAMETERS = '', MODEL_RESOURCES = '{}' } = process.env;
const states = new SFNClient({});
const resources = JSON.parse(MODEL_RESOURCES) as ModelResources;

export const handler = apiHandler(
  modelRoutes({
    runs: dynamoModelRuns(documentClient(), RUNS_TABLE),
    champions: ssmChampions(new SSMClient({})),
    championParameter: (model) => `${CHAMPION_PARAMETERS}${model}`,
    promotion: promotionMachine(states, (model) => resources[model].promotion),
    machines: machineRuns(states),
    endpointFailure: endpointFailure(new SageMakerClient({})),
    resources,
  }),
);
