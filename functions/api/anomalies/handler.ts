import { dynamoAuditLog } from '../../../layers/adapters/dynamodb/audit-log.ts';
import { documentClient } from '../../../layers/adapters/dynamodb/document-client.ts';
import { postgresAnomalyInbox } from '../../../layers/adapters/postgres/anomaly-inbox.ts';
import { database } from '../../../layers/adapters/postgres/pool.ts';
import { apiHandler } from '../../../layers/runtime/api-handler.ts';
import { anomalyRoutes } from './anomaly-routes.ts';

export const handler = apiHandler(
  anomalyRoutes({
    inbox: postgresAnomalyInbox(database()),
    audit: dynamoAuditLog(documentClient(), process.env.AUDIT_TABLE ?? ''),
  }),
);
