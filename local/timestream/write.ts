import { AwsFailure } from '../kernel/types.ts';
import { LIMITS } from './limits.ts';
import type { Sample, TimestreamTables } from './tables.ts';

interface WireRecord {
  Dimensions?: { Name: string; Value: string }[];
  MeasureName?: string;
  MeasureValue?: string;
  MeasureValueType?: string;
  MeasureValues?: { Name: string; Value: string; Type: string }[];
  Time?: string;
  TimeUnit?: string;
  Version?: number;
}

const TO_MS: Readonly<Record<string, number>> = {
  SECONDS: 1000,
  MILLISECONDS: 1,
  MICROSECONDS: 1e-3,
  NANOSECONDS: 1e-6,
};

/** A record with the common attributes put in, or what is wrong with it. */
const sampleOf = (record: WireRecord, common: WireRecord): Sample | string => {
  const dimensions = [...(common.Dimensions ?? []), ...(record.Dimensions ?? [])];
  const merged = { ...common, ...record };
  const type = merged.MeasureValueType ?? 'DOUBLE';
  const measureName = merged.MeasureName;
  if (measureName === undefined) return 'MeasureName is missing';
  if (dimensions.length === 0 || dimensions.length > LIMITS.dimensionsPerRecord)
    return `a record has 1 to ${LIMITS.dimensionsPerRecord} dimensions`;
  if (dimensions.some(({ Name }) => Buffer.byteLength(Name) > LIMITS.nameBytes))
    return `a dimension name has at most ${LIMITS.nameBytes} bytes`;
  if (dimensions.some(({ Value }) => Value === '' || Buffer.byteLength(Value) > LIMITS.dimensionBytes))
    return `a dimension value has 1 to ${LIMITS.dimensionBytes} bytes`;
  const measures =
    type === 'MULTI'
      ? (merged.MeasureValues ?? [])
      : [{ Name: `measure_value::${type.toLowerCase()}`, Value: merged.MeasureValue ?? '', Type: type }];
  if (measures.length === 0 || measures.length > LIMITS.measuresPerRecord)
    return `a record has 1 to ${LIMITS.measuresPerRecord} measures`;
  for (const { Name, Value, Type } of measures) {
    if ((Type === 'DOUBLE' || Type === 'BIGINT') && (Value === '' || !Number.isFinite(Number(Value))))
      return `measure ${Name} is not a ${Type}`;
  }
  const time = Number(merged.Time) * (TO_MS[merged.TimeUnit ?? 'MILLISECONDS'] ?? Number.NaN);
  if (!Number.isFinite(time)) return 'Time is not a number of its TimeUnit';
  return {
    dimensions: Object.fromEntries(dimensions.map(({ Name, Value }) => [Name, Value])),
    measureName,
    measures: Object.fromEntries(measures.map(({ Name, Value, Type }) => [Name, { type: Type, value: Value }])),
    time: Math.round(time),
    version: merged.Version ?? 1,
  };
};

/** Some records of a request were refused; the others are stored. */
export class RejectedRecords extends AwsFailure {
  readonly records: readonly { RecordIndex: number; Reason: string; ExistingVersion?: number }[];
  constructor(records: RejectedRecords['records']) {
    super('RejectedRecordsException', 'One or more records have been rejected. See RejectedRecords for details.', 419);
    this.records = records;
  }
}

/** WriteRecords: all accepted, or RejectedRecordsException naming each refused one while the others are stored. */
export const writeRecords = (
  tables: TimestreamTables,
  body: { DatabaseName: string; TableName: string; Records?: WireRecord[]; CommonAttributes?: WireRecord },
  now: number,
): unknown => {
  const table = `${body.DatabaseName}.${body.TableName}`;
  const records = body.Records ?? [];
  if (tables.settings(table) === undefined)
    throw new AwsFailure('ResourceNotFoundException', `The table ${table} does not exist.`);
  if (records.length === 0 || records.length > LIMITS.recordsPerWrite) {
    throw new AwsFailure(
      'ValidationException',
      `1 validation error detected: Value at 'records' failed to satisfy constraint: Member must have length less than or equal to ${LIMITS.recordsPerWrite}`,
    );
  }
  const parsed = records.map((record) => sampleOf(record, body.CommonAttributes ?? {}));
  const malformed = parsed.find((sample) => typeof sample === 'string');
  if (malformed !== undefined) throw new AwsFailure('ValidationException', String(malformed));
  const outcomes = tables.write(table, parsed as Sample[], now);
  const rejected = outcomes.flatMap((outcome, index) =>
    typeof outcome === 'object' && 'rejected' in outcome
      ? [
          {
            RecordIndex: index,
            Reason: outcome.rejected,
            ...(outcome.existingVersion === undefined ? {} : { ExistingVersion: outcome.existingVersion }),
          },
        ]
      : [],
  );
  if (rejected.length > 0) {
    throw new RejectedRecords(rejected);
  }
  const stored = (store: string) => outcomes.filter((outcome) => outcome === store).length;
  return {
    RecordsIngested: {
      Total: outcomes.length,
      MemoryStore: stored('memory'),
      MagneticStore: outcomes.length - stored('memory'),
    },
  };
};
