import { KinesisClient } from '@aws-sdk/client-kinesis';
import { documentClient } from '../../../layers/adapters/dynamodb/document-client.ts';
import { dynamoIdempotencyStore } from '../../../layers/adapters/dynamodb/idempotency.ts';
import { kinesisStreamWriter } from '../../../layers/adapters/kinesis/stream-writer.ts';
import { apiHandler } from '../../../layers/runtime/api-handler.ts';
import { acceptBatch, type BatchResult } from './accept-batch.ts';

const ports = {
  stream: kinesisStreamWriter(new KinesisClient({}), process.env.READINGS_STREAM_NAME ?? ''),
  idempotency: dynamoIdempotencyStore<BatchResult>(documentClient(), process.env.IDEMPOTENCY_TABLE ?? ''),
};

export const handler = apiHandler({ acceptBatch: acceptBatch(ports) });
