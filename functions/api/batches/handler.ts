import { dynamoBatchRegister } from '../../../layers/adapters/dynamodb/batch-register.ts';
import { documentClient } from '../../../layers/adapters/dynamodb/document-client.ts';
import { postgresBatchLogReader } from '../../../layers/adapters/postgres/batch-log.ts';
import { database } from '../../../layers/adapters/postgres/pool.ts';
import { apiHandler } from '../../../layers/runtime/api-handler.ts';
import { getBatch } from './get-batch.ts';

const ports = {
  register: dynamoBatchRegister(documentClient(), process.env.IDEMPOTENCY_TABLE ?? ''),
  log: postgresBatchLogReader(database()),
};

export const handler = apiHandler({ getBatch: getBatch(ports) });
