import { dynamoAuditLog } from '../../../layers/adapters/dynamodb/audit-log.ts';
import { documentClient } from '../../../layers/adapters/dynamodb/document-client.ts';
import { postgresEditStore } from '../../../layers/adapters/postgres/edit-store.ts';
import { database } from '../../../layers/adapters/postgres/pool.ts';
import { topologyReader } from '../../../layers/adapters/postgres/topology-reader.ts';
import { apiHandler } from '../../../layers/runtime/api-handler.ts';
import { editRoutes } from './edit-routes.ts';

const ports = {
  topology: topologyReader(database()),
  edits: postgresEditStore(database()),
  audit: dynamoAuditLog(documentClient(), process.env.AUDIT_TABLE ?? ''),
  secondPerson: process.env.EDIT_APPROVAL !== 'none',
};

export const handler = apiHandler(editRoutes(ports));
