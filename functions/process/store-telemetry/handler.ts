import { documentClient } from '../../../layers/adapters/dynamodb/document-client.ts';
import { dynamoSensorRegistry } from '../../../layers/adapters/dynamodb/sensor-registry.ts';
import { environmentSettings } from '../../../layers/adapters/grid-settings.ts';
import { environmentQuarantine } from '../../../layers/adapters/indexed-quarantine.ts';
import { telemetryStore } from '../../../layers/adapters/telemetry-store.ts';
import { schemaVersions } from '../../../layers/contracts/avro/versions.ts';
import { storeTelemetry } from '../../../layers/domain/telemetry/store-telemetry.ts';
import { futureTimeOf } from '../../../layers/domain/vee/settings-source.ts';
import { log } from '../../../layers/runtime/observability.ts';
import { streamHandler } from '../../../layers/runtime/stream.ts';

const store = storeTelemetry({
  telemetry: telemetryStore(),
  registry: dynamoSensorRegistry(documentClient(), process.env.REGISTRY_TABLE ?? ''),
  quarantine: environmentQuarantine(),
  futureTime: futureTimeOf(environmentSettings((failure) => log.error('SETTINGS_KEPT', failure))),
  schemas: schemaVersions(process.env.SCHEMA_VERSIONS ?? ''),
});

export const handler = streamHandler((records) => store(records.map(({ data }) => data)));
