import { QueryCommand, type TimestreamQueryClient } from '@aws-sdk/client-timestream-query';
import {
  RejectedRecordsException,
  type TimestreamWriteClient,
  WriteRecordsCommand,
} from '@aws-sdk/client-timestream-write';
import { type RejectedSample, RetryLater, type TelemetryStore } from '../../domain/telemetry/telemetry-store.ts';
import { aggregatesStatement, samplesStatement, type TelemetryTable } from './statements.ts';
import {
  COMMON_ATTRIBUTES,
  phaseOf,
  RECORDS_PER_REQUEST,
  type TelemetryRecord,
  telemetryRecords,
} from './telemetry-records.ts';

/** Sensors named in one query, so that its text stays far below the limit of 256 KB. */
const SENSORS_PER_QUERY = 500;

type Cells = Readonly<Record<string, string | undefined>>;

/** Timestream's `2012-10-06 14:00:00.000000000` (UTC) as epoch ms. */
const timeOf = (text: string | undefined): number => Date.parse(`${(text ?? '').slice(0, 23).replace(' ', 'T')}Z`);

/** Telemetry in Timestream for LiveAnalytics. Idempotent by version: equal content of an equal version is accepted again. */
export function timestreamTelemetryStore(
  clients: { write: TimestreamWriteClient; query: TimestreamQueryClient },
  table: TelemetryTable,
): TelemetryStore {
  const rowsOf = (statement: string) => queryAll(clients.query, statement);
  return {
    async write(samples) {
      const records = telemetryRecords(samples);
      const rejected: RejectedSample[] = [];
      for (let at = 0; at < records.length; at += RECORDS_PER_REQUEST) {
        rejected.push(...(await writeChunk(clients.write, table, records.slice(at, at + RECORDS_PER_REQUEST))));
      }
      return rejected.toSorted((a, b) => a.index - b.index);
    },
    async read(query) {
      return (await rowsOf(samplesStatement(table, query))).map((row) => ({
        time: timeOf(row.time),
        ...phaseOf(row.phase ?? ''),
        value: Number(row.value),
      }));
    },
    async aggregate(query) {
      const found = [];
      for (let at = 0; at < query.sensorIds.length; at += SENSORS_PER_QUERY) {
        const sensorIds = query.sensorIds.slice(at, at + SENSORS_PER_QUERY);
        found.push(...(await rowsOf(aggregatesStatement(table, { ...query, sensorIds }))));
      }
      return found.map((row) => ({
        sensorId: row.sensorId ?? '',
        ...phaseOf(row.phase ?? ''),
        start: timeOf(row.start),
        mean: Number(row.mean),
        minimum: Number(row.minimum),
        maximum: Number(row.maximum),
        count: Number(row.samples),
      }));
    },
  };
}

async function writeChunk(
  client: TimestreamWriteClient,
  { database, table }: TelemetryTable,
  chunk: readonly TelemetryRecord[],
): Promise<RejectedSample[]> {
  try {
    await client.send(
      new WriteRecordsCommand({
        DatabaseName: database,
        TableName: table,
        CommonAttributes: COMMON_ATTRIBUTES,
        Records: chunk.map(({ record }) => record),
      }),
    );
    return [];
  } catch (failure) {
    if (!(failure instanceof RejectedRecordsException)) throw retryable(failure);
    return (failure.RejectedRecords ?? []).flatMap(({ RecordIndex = 0, Reason = 'rejected', ExistingVersion }) =>
      // A later version is there already: what was received earlier has nothing to add.
      ExistingVersion !== undefined && ExistingVersion > (chunk[RecordIndex]?.record.Version ?? 0)
        ? []
        : (chunk[RecordIndex]?.indexes ?? []).map((index) => ({ index, reason: Reason })),
    );
  }
}

const retryable = (failure: unknown): unknown => {
  const name = failure instanceof Error ? failure.name : '';
  if (name === 'ThrottlingException') return new RetryLater('TIMESTREAM_THROTTLED', { cause: failure });
  if (name === 'InternalServerException') return new RetryLater('TIMESTREAM_FAILED', { cause: failure });
  return failure;
};

async function queryAll(client: TimestreamQueryClient, statement: string): Promise<Cells[]> {
  const rows: Cells[] = [];
  let token: string | undefined;
  try {
    do {
      const page = await client.send(
        new QueryCommand({ QueryString: statement, ...(token === undefined ? {} : { NextToken: token }) }),
      );
      const names = (page.ColumnInfo ?? []).map(({ Name = '' }) => Name);
      for (const { Data = [] } of page.Rows ?? []) {
        rows.push(Object.fromEntries(Data.map(({ ScalarValue }, index) => [names[index] ?? '', ScalarValue])));
      }
      token = page.NextToken;
    } while (token !== undefined);
  } catch (failure) {
    // A kind that no sensor has reported yet has no column.
    if (failure instanceof Error && /column .*(does not exist|cannot be resolved)/i.test(failure.message)) return [];
    throw retryable(failure);
  }
  return rows;
}
