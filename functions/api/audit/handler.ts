import { dynamoAuditReader } from '../../../layers/adapters/dynamodb/audit-log.ts';
import { documentClient } from '../../../layers/adapters/dynamodb/document-client.ts';
import { apiHandler } from '../../../layers/runtime/api-handler.ts';
import { auditRoutes } from './audit-routes.ts';

export const handler = apiHandler(
  auditRoutes({ audit: dynamoAuditReader(documentClient(), process.env.AUDIT_TABLE ?? '') }),
);
