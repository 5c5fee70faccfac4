import {
  type DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  QueryCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import { type ModelName, type ModelRun, modelRun } from '../../contracts/models/learning.ts';

/** Every training run of every model. */
export interface ModelRuns {
  /** The same run again is the same item. */
  put(run: ModelRun): Promise<void>;
  find(model: ModelName, runId: string): Promise<ModelRun | undefined>;
  /** Newest first. */
  list(query: { model: ModelName; limit: number; before?: string }): Promise<ModelRun[]>;
  promoted(model: ModelName, runId: string, at: string): Promise<void>;
}

const MAX_READ = 1000;

/** Packaged seeds were never tried: they are found, and not listed among the runs. */
const partitionOf = (model: ModelName, runId: string): string => (runId.startsWith('seed-') ? `${model}#seeds` : model);

/** `pk` is the model, `sk` the run's id, which begins with its start and so sorts by time. */
export function dynamoModelRuns(client: DynamoDBDocumentClient, table: string): ModelRuns {
  const runOf = (item: Record<string, unknown>): ModelRun => modelRun.parse(item);
  return {
    async put(run) {
      await client.send(
        new PutCommand({ TableName: table, Item: { pk: partitionOf(run.model, run.runId), sk: run.runId, ...run } }),
      );
    },
    async find(model, runId) {
      const { Item } = await client.send(
        new GetCommand({ TableName: table, Key: { pk: partitionOf(model, runId), sk: runId }, ConsistentRead: true }),
      );
      return Item && runOf(Item);
    },
    async list({ model, limit, before }) {
      const { Items = [] } = await client.send(
        new QueryCommand({
          TableName: table,
          KeyConditionExpression: before === undefined ? 'pk = :model' : 'pk = :model AND sk < :before',
          ExpressionAttributeValues: { ':model': model, ...(before === undefined ? {} : { ':before': before }) },
          ScanIndexForward: false,
          Limit: Math.min(limit, MAX_READ),
        }),
      );
      return Items.map(runOf);
    },
    async promoted(model, runId, at) {
      await client.send(
        new UpdateCommand({
          TableName: table,
          Key: { pk: model, sk: runId },
          UpdateExpression: 'SET promotedAt = :at',
          ConditionExpression: 'attribute_exists(pk)',
          ExpressionAttributeValues: { ':at': at },
        }),
      );
    },
  };
}
