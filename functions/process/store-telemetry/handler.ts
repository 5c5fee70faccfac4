import { documentClient } from '../../../layers/adapters/dynamodb/document-client.ts';
import { dynamoSensorRegistry } from '../../../layers/adapters/dynamodb/sensor-registry.ts';
import { s3Quarantine } from '../../../layers/adapters/s3/quarantine.ts';
import { telemetryStore } from '../../../layers/adapters/telemetry-store.ts';
import { storeTelemetry } from '../../../layers/domain/telemetry/store-telemetry.ts';
import { streamHandler } from '../../../layers/runtime/stream.ts';

const store = storeTelemetry({
  telemetry: telemetryStore(),
  registry: dynamoSensorRegistry(documentClient(), process.env.REGISTRY_TABLE ?? ''),
  quarantine: s3Quarantine(process.env.QUARANTINE_BUCKET ?? ''),
});

export const handler = streamHandler((records) => store(records.map(({ data }) => data)));
