import { KinesisClient } from '@aws-sdk/client-kinesis';
import { S3Client } from '@aws-sdk/client-s3';
import { dynamoAuditLog } from '../../../layers/adapters/dynamodb/audit-log.ts';
import { documentClient } from '../../../layers/adapters/dynamodb/document-client.ts';
import { dynamoQuarantineIndex } from '../../../layers/adapters/dynamodb/quarantine-index.ts';
import { streamsByName } from '../../../layers/adapters/kinesis/streams-by-name.ts';
import { s3QuarantineObjects } from '../../../layers/adapters/s3/quarantine-objects.ts';
import { apiHandler } from '../../../layers/runtime/api-handler.ts';
import { quarantineRoutes } from './quarantine-routes.ts';

const { READINGS_STREAM_NAME = '', TELEMETRY_STREAM_NAME = '', QUARANTINE_BUCKET = '' } = process.env;
const ports = {
  index: dynamoQuarantineIndex(documentClient(), process.env.QUARANTINE_TABLE ?? ''),
  objects: s3QuarantineObjects(new S3Client({}), QUARANTINE_BUCKET),
  audit: dynamoAuditLog(documentClient(), process.env.AUDIT_TABLE ?? ''),
  ...streamsByName(new KinesisClient({}), { readings: READINGS_STREAM_NAME, telemetry: TELEMETRY_STREAM_NAME }),
};

export const handler = apiHandler(quarantineRoutes(ports));
