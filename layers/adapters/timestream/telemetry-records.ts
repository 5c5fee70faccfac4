import type { _Record } from '@aws-sdk/client-timestream-write';
import type { Phase } from '../../contracts/messages/measurements.ts';
import type { Sample } from '../../domain/telemetry/telemetry-store.ts';

/** Dimension values may not be empty: what belongs to no single phase is the total. */
export const TOTAL_PHASE = 'total';
/** Likewise for a sensor that watches no feeder. */
const NO_FEEDER = 'none';

/** https://docs.aws.amazon.com/timestream/latest/developerguide/ts-limits.html: records per WriteRecords request. */
export const RECORDS_PER_REQUEST = 100;

export const phaseOf = (dimension: string): { phase?: Phase } =>
  dimension === TOTAL_PHASE ? {} : { phase: dimension as Phase };

/** A multi-measure record, and which samples went into it. */
export interface TelemetryRecord {
  record: _Record;
  indexes: number[];
}

/** One record per sensor, phase, instant and version, holding every kind measured then. */
export function telemetryRecords(samples: readonly Sample[]): TelemetryRecord[] {
  const groups = Map.groupBy(
    samples.map((sample, index) => ({ sample, index })),
    ({ sample }) => `${sample.sensorId}\0${sample.phase ?? TOTAL_PHASE}\0${sample.time}\0${sample.version}`,
  );
  return [...groups.values()].map((group) => {
    const { sample } = group[0] as { sample: Sample };
    return {
      indexes: group.map(({ index }) => index),
      record: {
        Dimensions: [
          { Name: 'sensorId', Value: sample.sensorId },
          { Name: 'feederId', Value: sample.feederId ?? NO_FEEDER },
          { Name: 'phase', Value: sample.phase ?? TOTAL_PHASE },
        ],
        Time: String(sample.time),
        Version: sample.version,
        // Of one kind twice in one message the last one counts, as it does in the other store.
        MeasureValues: [...new Map(group.map((member) => [member.sample.kind, member.sample]))].map(
          ([kind, { value }]) => ({
            Name: kind,
            Value: String(value),
            Type: 'DOUBLE' as const,
          }),
        ),
      },
    };
  });
}

/** What all records of a request share. */
export const COMMON_ATTRIBUTES: _Record = {
  MeasureName: 'telemetry',
  MeasureValueType: 'MULTI',
  TimeUnit: 'MILLISECONDS',
};
