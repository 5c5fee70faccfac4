import { KinesisClient } from '@aws-sdk/client-kinesis';
import { dynamoBatchRegister } from '../../../layers/adapters/dynamodb/batch-register.ts';
import { documentClient } from '../../../layers/adapters/dynamodb/document-client.ts';
import { dynamoIdempotencyStore } from '../../../layers/adapters/dynamodb/idempotency.ts';
import { kinesisStreamWriter } from '../../../layers/adapters/kinesis/stream-writer.ts';
import { apiHandler } from '../../../layers/runtime/api-handler.ts';
import { acceptBatch, type BatchResult } from './accept-batch.ts';

const table = process.env.IDEMPOTENCY_TABLE ?? '';
const dynamo = documentClient();
const ports = {
  stream: kinesisStreamWriter(new KinesisClient({}), process.env.READINGS_STREAM_NAME ?? ''),
  idempotency: dynamoIdempotencyStore<BatchResult>(dynamo, table),
  register: dynamoBatchRegister(dynamo, table),
};

export const handler = apiHandler({ acceptBatch: acceptBatch(ports) });
