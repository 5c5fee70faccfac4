import { TimestreamQueryClient } from '@aws-sdk/client-timestream-query';
import { TimestreamWriteClient } from '@aws-sdk/client-timestream-write';
import type { TelemetryStore } from '../domain/telemetry/telemetry-store.ts';
import { database } from './postgres/pool.ts';
import { postgresTelemetryStore } from './postgres/telemetry.ts';
import { timestreamTelemetryStore } from './timestream/telemetry-store.ts';

/** The store that the stage chose (`TELEMETRY_STORE`). @throws if a variable it needs is missing. */
export function telemetryStore(environment: NodeJS.ProcessEnv = process.env): TelemetryStore {
  if (environment.TELEMETRY_STORE === 'postgres') return postgresTelemetryStore(database(environment));
  const { TIMESTREAM_DATABASE, TIMESTREAM_TABLE } = environment;
  if (environment.TELEMETRY_STORE !== 'timestream' || !TIMESTREAM_DATABASE || !TIMESTREAM_TABLE) {
    throw new Error('environment: TELEMETRY_STORE (postgres or timestream), TIMESTREAM_DATABASE and TIMESTREAM_TABLE');
  }
  return timestreamTelemetryStore(
    { write: new TimestreamWriteClient({}), query: new TimestreamQueryClient({}) },
    { database: TIMESTREAM_DATABASE, table: TIMESTREAM_TABLE },
  );
}
