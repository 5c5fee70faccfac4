import { MAX_BATCH_BYTES } from '../../messages/limits.ts';
import { headends } from '../access.ts';
import { batch, batchResult, idempotencyKeyHeader } from '../batch.ts';
import type { Route } from '../route.ts';

export const ingestRoutes = {
  acceptBatch: {
    id: 'acceptBatch',
    method: 'POST',
    path: '/readings:batch',
    summary:
      'Readings from a head-end system, in gzip if Content-Encoding says so; answered when the stream holds them',
    function: 'accept-batch',
    access: headends,
    headers: idempotencyKeyHeader,
    body: batch,
    maxBodyBytes: MAX_BATCH_BYTES,
    status: 202,
    response: batchResult,
    problems: ['request-in-flight', 'payload-too-large', 'idempotency-key-reused'],
    cache: 'no-store',
  },
} as const satisfies Record<string, Route>;
