import { KinesisClient } from '@aws-sdk/client-kinesis';
import { dynamoBatchRegister } from '../../../layers/adapters/dynamodb/batch-register.ts';
import { documentClient } from '../../../layers/adapters/dynamodb/document-client.ts';
import { dynamoIdempotencyStore } from '../../../layers/adapters/dynamodb/idempotency.ts';
import { environmentSettings } from '../../../layers/adapters/grid-settings.ts';
import { kinesisStreamWriter } from '../../../layers/adapters/kinesis/stream-writer.ts';
import { futureTimeOf } from '../../../layers/domain/vee/settings-source.ts';
import { apiHandler } from '../../../layers/runtime/api-handler.ts';
import { log } from '../../../layers/runtime/observability.ts';
import { acceptBatch, type BatchResult } from './accept-batch.ts';

const table = process.env.IDEMPOTENCY_TABLE ?? '';
const dynamo = documentClient();
const ports = {
  stream: kinesisStreamWriter(new KinesisClient({}), process.env.READINGS_STREAM_NAME ?? ''),
  idempotency: dynamoIdempotencyStore<BatchResult>(dynamo, table),
  register: dynamoBatchRegister(dynamo, table),
  futureTime: futureTimeOf(environmentSettings((failure) => log.error('SETTINGS_KEPT', failure))),
};

export const handler = apiHandler({ acceptBatch: acceptBatch(ports) });
