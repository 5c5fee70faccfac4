import { at, listAt, textAt } from '../../kernel/properties.ts';
import { stableUuid } from '../function.ts';
import { lambdaLimits } from '../limits.ts';
import { type EventPattern, parsePattern } from './event-pattern.ts';

/** AWS::Lambda::EventSourceMapping of a Kinesis stream, defaults filled in. */
export interface MappingSettings {
  uuid: string;
  eventSourceArn: string;
  functionName: string;
  batchSize: number;
  windowMs: number;
  parallelization: number;
  startingPosition: 'TRIM_HORIZON' | 'LATEST' | 'AT_TIMESTAMP';
  startingTimestampMs?: number;
  /** -1: until the record's age ends. */
  maxRetries: number;
  /** -1: until retention ends. */
  maxAgeMs: number;
  bisect: boolean;
  reportFailures: boolean;
  onFailure?: string;
  enabled: boolean;
  /** A record passes if any matches; none: every record passes. */
  filters: readonly EventPattern[];
}

/** @throws if a property is outside what API_CreateEventSourceMapping allows, or is not emulated. */
export function mappingSettings(id: string, properties: Record<string, unknown>): MappingSettings {
  const number = (name: string, fallback: number, low: number, high: number): number => {
    const value = Number(at(properties, name) ?? fallback);
    if (Number.isInteger(value) && value >= low && value <= high) return value;
    throw new Error(`${id}: ${name} ${value} is outside ${low}–${high}`);
  };
  const { kinesisBatch, maxWindowS, maxParallelization } = lambdaLimits;
  const eventSourceArn = textAt(properties, 'EventSourceArn') ?? '';
  if (!eventSourceArn.includes(':kinesis:'))
    throw new Error(`${id}: ${eventSourceArn || 'no source'} is no stream; only Kinesis sources are emulated`);
  if (Number(at(properties, 'TumblingWindowInSeconds') ?? 0) > 0)
    throw new Error(`${id}: tumbling windows are not emulated`);
  const startingPosition = textAt(properties, 'StartingPosition');
  if (startingPosition !== 'TRIM_HORIZON' && startingPosition !== 'LATEST' && startingPosition !== 'AT_TIMESTAMP')
    throw new Error(`${id}: StartingPosition is required for a stream`);
  const startingTimestamp = at(properties, 'StartingPositionTimestamp');
  const onFailure = textAt(properties, 'DestinationConfig', 'OnFailure', 'Destination');
  const maxAge = number('MaximumRecordAgeInSeconds', -1, -1, 604_800);
  return {
    uuid: stableUuid(id),
    eventSourceArn,
    functionName: textAt(properties, 'FunctionName') ?? '',
    batchSize: number('BatchSize', kinesisBatch.default, 1, kinesisBatch.max),
    windowMs: number('MaximumBatchingWindowInSeconds', 0, 0, maxWindowS) * 1000,
    parallelization: number('ParallelizationFactor', 1, 1, maxParallelization),
    startingPosition,
    ...(typeof startingTimestamp === 'number' ? { startingTimestampMs: startingTimestamp * 1000 } : {}),
    maxRetries: number('MaximumRetryAttempts', -1, -1, 10_000),
    maxAgeMs: maxAge < 0 ? -1 : maxAge * 1000,
    bisect: textAt(properties, 'BisectBatchOnFunctionError') === 'true',
    reportFailures: listAt(properties, 'FunctionResponseTypes').includes('ReportBatchItemFailures'),
    ...(onFailure === undefined ? {} : { onFailure }),
    enabled: textAt(properties, 'Enabled') !== 'false',
    filters: listAt(properties, 'FilterCriteria', 'Filters').map((filter) =>
      parsePattern(textAt(filter, 'Pattern') ?? '{}'),
    ),
  };
}
