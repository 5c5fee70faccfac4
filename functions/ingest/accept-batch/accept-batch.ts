import { createHash } from 'node:crypto';
import type * as z from 'zod';
import type { IdempotencyStore } from '../../../layers/adapters/dynamodb/idempotency.ts';
import type { StreamRecord, StreamWriter } from '../../../layers/adapters/kinesis/stream-writer.ts';
import type { batchResult } from '../../../layers/contracts/api/batch.ts';
import type { Envelope } from '../../../layers/contracts/messages/envelope.ts';
import type { AcceptedBatch, BatchRegister } from '../../../layers/domain/batches/batch-log.ts';
import { aheadLimit, type FutureTimeSource } from '../../../layers/domain/messages/latest-time.ts';
import type { UseCase } from '../../../layers/runtime/api-handler.ts';
import { ApiProblem, apiProblem } from '../../../layers/runtime/api-problem.ts';
import { log } from '../../../layers/runtime/observability.ts';
import type { EncodedItem } from './encode-item.ts';
import { type ItemResult, isColumns, judgeItems } from './judge-items.ts';

export type BatchResult = z.infer<typeof batchResult>;

const RETRY_AFTER_SECONDS = 5;

/**
 * Accepts a head-end's readings. Success means that the stream holds every accepted item. A key is given back when the stream
 * would not take them, so that the head-end's retry is worked on; items put before stay put, and storing them twice is harmless.
 */
export const acceptBatch =
  (ports: {
    stream: StreamWriter;
    idempotency: IdempotencyStore<BatchResult>;
    register: Pick<BatchRegister, 'put'>;
    futureTime?: FutureTimeSource;
  }): UseCase<'acceptBatch'> =>
  async ({ body, inexact, headers, caller: { clientId }, correlationId, now }) => {
    const key = `batch#${clientId}#${headers['idempotency-key']}`;
    const bodyHash = createHash('sha256').update(JSON.stringify(body)).digest('hex');
    const claim = await ports.idempotency.claim({ key, bodyHash, token: correlationId, now });
    if (claim.state === 'answered') return claim.answer;
    if (claim.state === 'in-flight') {
      return new ApiProblem({ code: 'request-in-flight', detail: 'Ask again in a moment', retryAfterSeconds: 1 });
    }
    if (claim.state === 'other-body') return apiProblem('idempotency-key-reused', 'Use a new key for a new body');
    const batchId = correlationId;
    try {
      const maxAheadMs = await aheadLimit(ports.futureTime);
      const judged = judgeItems(body.readings, { now, maxAheadMs, inexact });
      const items = judged.map(({ result }) => result);
      const records = judged.flatMap(({ result: { index }, put }) =>
        put
          ? [recordOf(put, { item: index, columns: isColumns(body.readings[index] ?? {}), clientId, batchId, now })]
          : [],
      );
      // Known before any of it can be stored: who asks for an accepted batch finds it.
      await ports.register.put({ batchId, clientId, receivedAt: now, items: items.map(kept) });
      if (!(await ports.stream.putAll(records))) {
        await ports.idempotency.release({ key, token: claim.token });
        log.warn('STREAM_THROTTLED', { correlationId, records: records.length });
        const retryAfterSeconds = RETRY_AFTER_SECONDS;
        return new ApiProblem({ code: 'unavailable', detail: 'The stream takes no more just now', retryAfterSeconds });
      }
      const accepted = items.filter(({ status }) => status === 'accepted').length;
      const answer = { batchId, accepted, rejected: items.length - accepted, items };
      await ports.idempotency.complete({ key, token: claim.token, answer, now });
      return answer;
    } catch (failure) {
      await ports.idempotency.release({ key, token: claim.token });
      throw failure;
    }
  };

/** An item's answer as it is kept: what is in quarantine says its reasons itself. */
const kept = ({ status, duplicateOf }: ItemResult): AcceptedBatch['items'][number] => duplicateOf ?? status;

/** The envelope that the topic rules write, with the head-end in place of the device. */
const recordOf = (
  { payload, partitionKey }: EncodedItem,
  put: { item: number; columns: boolean; clientId: string; batchId: string; now: number },
): StreamRecord => {
  const envelope: Envelope = {
    payload: Buffer.from(payload).toString('base64'),
    topic: `headend/${put.clientId}/${put.columns ? 'interval-columns' : 'interval-readings'}`,
    clientId: put.clientId,
    receivedAt: put.now,
    traceId: put.batchId,
    item: put.item,
  };
  return { partitionKey, data: Buffer.from(JSON.stringify(envelope)) };
};
