import { S3Client } from '@aws-sdk/client-s3';
import { documentClient } from '../../../layers/adapters/dynamodb/document-client.ts';
import { dynamoQuarantineIndex } from '../../../layers/adapters/dynamodb/quarantine-index.ts';
import { s3FailedBatches } from '../../../layers/adapters/s3/quarantine-objects.ts';
import { watchQuarantine } from '../../../layers/domain/quarantine/watch-quarantine.ts';
import { scheduledHandler } from '../../../layers/runtime/scheduled.ts';

const watch = watchQuarantine({
  index: dynamoQuarantineIndex(documentClient(), process.env.QUARANTINE_TABLE ?? ''),
  batches: s3FailedBatches(new S3Client({}), process.env.QUARANTINE_BUCKET ?? ''),
  clock: Date.now,
});

export const handler = scheduledHandler('QUARANTINE_WATCHED', watch);
