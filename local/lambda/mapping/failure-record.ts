import { randomUUID } from 'node:crypto';
import type { StreamRecord } from '../../kinesis/stream.ts';
import type { Condition } from './lane.ts';

/**
 * The document that describes a discarded batch, without its payload.
 * Source: https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html
 */
export function failureRecord(failure: {
  records: readonly StreamRecord[];
  condition: Condition;
  invocations: number;
  requestId: string;
  functionArn: string;
  streamArn: string;
  shardId: string;
  now: number;
}): Record<string, unknown> {
  const first = failure.records[0] as StreamRecord;
  const last = failure.records.at(-1) as StreamRecord;
  return {
    requestContext: {
      requestId: failure.requestId,
      functionArn: failure.functionArn,
      condition: failure.condition,
      approximateInvokeCount: failure.invocations,
    },
    responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
    version: '1.0',
    timestamp: new Date(failure.now).toISOString(),
    KinesisBatchInfo: {
      shardId: failure.shardId,
      startSequenceNumber: first.sequenceNumber,
      endSequenceNumber: last.sequenceNumber,
      approximateArrivalOfFirstRecord: new Date(first.arrivalMs).toISOString(),
      approximateArrivalOfLastRecord: new Date(last.arrivalMs).toISOString(),
      batchSize: failure.records.length,
      streamArn: failure.streamArn,
    },
  };
}

/** `aws/lambda/<mapping>/<shard>/YYYY/MM/DD/YYYY-MM-DDTHH.MM.SS-<random>`, same source. */
export function failureKey(mapping: string, shardId: string, now: number): string {
  const time = new Date(now).toISOString().slice(0, 19);
  return `aws/lambda/${mapping}/${shardId}/${time.slice(0, 10).replaceAll('-', '/')}/${time.replaceAll(':', '.')}-${randomUUID()}`;
}
