import { documentClient } from '../../../layers/adapters/dynamodb/document-client.ts';
import { dynamoModelRuns } from '../../../layers/adapters/dynamodb/model-runs.ts';
import { taskHandler } from '../../../layers/runtime/task.ts';
import { recordRun, recordTask } from './record-run.ts';

const runs = dynamoModelRuns(documentClient(), process.env.RUNS_TABLE ?? '');

export const handler = taskHandler('RUN_RECORDED', recordTask, recordRun({ runs }));
