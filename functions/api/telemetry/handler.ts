import { documentClient } from '../../../layers/adapters/dynamodb/document-client.ts';
import { dynamoSensorRegistry } from '../../../layers/adapters/dynamodb/sensor-registry.ts';
import { telemetryStore } from '../../../layers/adapters/telemetry-store.ts';
import { apiHandler } from '../../../layers/runtime/api-handler.ts';
import { telemetryRoutes } from './telemetry-routes.ts';

export const handler = apiHandler(
  telemetryRoutes({
    telemetry: telemetryStore(),
    registry: dynamoSensorRegistry(documentClient(), process.env.REGISTRY_TABLE ?? ''),
  }),
);
