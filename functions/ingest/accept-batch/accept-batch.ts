import { createHash } from 'node:crypto';
import type * as z from 'zod';
import type { IdempotencyStore } from '../../../layers/adapters/dynamodb/idempotency.ts';
import type { StreamRecord, StreamWriter } from '../../../layers/adapters/kinesis/stream-writer.ts';
import type { batchResult } from '../../../layers/contracts/api/batch.ts';
import type { Envelope } from '../../../layers/contracts/messages/envelope.ts';
import type { UseCase } from '../../../layers/runtime/api-handler.ts';
import { ApiProblem, apiProblem } from '../../../layers/runtime/api-problem.ts';
import { log } from '../../../layers/runtime/observability.ts';
import { judgeItems } from './judge-items.ts';

export type BatchResult = z.infer<typeof batchResult>;

const RETRY_AFTER_SECONDS = 5;

/**
 * Accepts a head-end's readings. Success means that the stream holds every accepted item. A key is given back when the stream
 * would not take them, so that the head-end's retry is worked on; items put before stay put, and storing them twice is harmless.
 */
export const acceptBatch =
  (ports: { stream: StreamWriter; idempotency: IdempotencyStore<BatchResult> }): UseCase<'acceptBatch'> =>
  async ({ body, headers, caller, correlationId, now }) => {
    const key = `batch#${caller.clientId}#${headers['idempotency-key']}`;
    const bodyHash = createHash('sha256').update(JSON.stringify(body)).digest('hex');
    const claim = await ports.idempotency.claim({ key, bodyHash, token: correlationId, now });
    if (claim.state === 'answered') return claim.answer;
    if (claim.state === 'in-flight') return apiProblem('request-in-flight', 'Ask again in a moment');
    if (claim.state === 'other-body') return apiProblem('idempotency-key-reused', 'Use a new key for a new body');
    try {
      const items = judgeItems(body.readings, now);
      const records = items
        .filter(({ status, duplicateOf }) => status === 'accepted' && duplicateOf === undefined)
        .map(({ index }) => recordOf(body.readings[index] ?? {}, caller.clientId, { correlationId, now }));
      if (!(await ports.stream.putAll(records))) {
        await ports.idempotency.release({ key, token: claim.token });
        log.warn('STREAM_THROTTLED', { correlationId, records: records.length });
        const retryAfterSeconds = RETRY_AFTER_SECONDS;
        return new ApiProblem({ code: 'unavailable', detail: 'The stream takes no more just now', retryAfterSeconds });
      }
      const accepted = items.filter(({ status }) => status === 'accepted').length;
      const answer = { batchId: correlationId, accepted, rejected: items.length - accepted, items };
      await ports.idempotency.complete({ key, token: claim.token, answer, now });
      return answer;
    } catch (failure) {
      await ports.idempotency.release({ key, token: claim.token });
      throw failure;
    }
  };

/** The envelope that the topic rules write, with the head-end in place of the device. */
const recordOf = (
  item: Record<string, unknown>,
  clientId: string,
  { correlationId, now }: { correlationId: string; now: number },
): StreamRecord => {
  const envelope: Envelope = {
    payload: Buffer.from(JSON.stringify(item)).toString('base64'),
    topic: `headend/${clientId}/interval-readings`,
    clientId,
    receivedAt: now,
    traceId: correlationId,
  };
  return { partitionKey: String(item.meterId), data: Buffer.from(JSON.stringify(envelope)) };
};
