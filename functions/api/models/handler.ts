import { SFNClient } from '@aws-sdk/client-sfn';
import { SSMClient } from '@aws-sdk/client-ssm';
import { documentClient } from '../../../layers/adapters/dynamodb/document-client.ts';
import { dynamoModelRuns } from '../../../layers/adapters/dynamodb/model-runs.ts';
import { ssmChampions } from '../../../layers/adapters/ssm/champions.ts';
import { promotionMachine } from '../../../layers/adapters/stepfunctions/promotion-machine.ts';
import { apiHandler } from '../../../layers/runtime/api-handler.ts';
import { modelRoutes } from './model-routes.ts';

const { RUNS_TABLE = '', CHAMPION_PARAMETERS = '', PROMOTION_MACHINES = '{}' } = process.env;

export const handler = apiHandler(
  modelRoutes({
    runs: dynamoModelRuns(documentClient(), RUNS_TABLE),
    champions: ssmChampions(new SSMClient({})),
    championParameter: (model) => `${CHAMPION_PARAMETERS}${model}`,
    promotion: promotionMachine(new SFNClient({}), JSON.parse(PROMOTION_MACHINES)),
  }),
);
