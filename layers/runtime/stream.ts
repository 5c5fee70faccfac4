import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import { MetricUnit } from '@aws-lambda-powertools/metrics';
import { logMetrics } from '@aws-lambda-powertools/metrics/middleware';
import { captureLambdaHandler } from '@aws-lambda-powertools/tracer/middleware';
import middy from '@middy/core';
import type { KinesisStreamBatchResponse, KinesisStreamEvent } from 'aws-lambda';
import type { QuarantinedMessage } from '../contracts/messages/quarantined-message.ts';
import { log, logger, metrics, tracer } from './observability.ts';

/** One record of a stream. */
export interface StreamRecord {
  sequenceNumber: string;
  data: Uint8Array;
}

/** What became of a batch: counts become metrics of the same name, messages in quarantine become log lines. */
export interface BatchOutcome {
  counts: Readonly<Record<string, number>>;
  quarantined: readonly Pick<QuarantinedMessage, 'id' | 'kind' | 'traceId' | 'reasons'>[];
  /** Sequence numbers to try again; the mapping retries from the first of them. */
  retry?: readonly string[];
}

/**
 * Lambda handler of a stream consumer. Poison is the use case's own to quarantine before it returns; a throw is an
 * infrastructure fault, and the whole batch is tried again until the records' age ends.
 */
export function streamHandler(storeBatch: (records: StreamRecord[]) => Promise<BatchOutcome>) {
  const consume = async (event: KinesisStreamEvent): Promise<KinesisStreamBatchResponse> => {
    const records = event.Records.map(({ kinesis }) => ({
      sequenceNumber: kinesis.sequenceNumber,
      data: Buffer.from(kinesis.data, 'base64'),
    }));
    let outcome: BatchOutcome;
    try {
      outcome = await storeBatch(records);
    } catch (failure) {
      log.error('BATCH_RETRIED', failure, { records: records.length });
      throw failure;
    }
    for (const { id, kind, traceId, reasons } of outcome.quarantined) {
      log.warn('MESSAGE_QUARANTINED', { id, kind, traceId, reasons: reasons.map(({ code }) => code) });
    }
    for (const [name, count] of Object.entries(outcome.counts)) metrics.addMetric(name, MetricUnit.Count, count);
    log.info('BATCH_STORED', { records: records.length, ...outcome.counts });
    return { batchItemFailures: (outcome.retry ?? []).map((itemIdentifier) => ({ itemIdentifier })) };
  };
  return middy<KinesisStreamEvent, KinesisStreamBatchResponse>()
    .use(captureLambdaHandler(tracer, { captureResponse: false }))
    .use(injectLambdaContext(logger, { clearState: true }))
    .use(logMetrics(metrics))
    .handler(consume);
}
