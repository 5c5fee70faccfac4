import { headends } from '../access.ts';
import { batchParams, batchStatus } from '../batch.ts';
import type { Route } from '../route.ts';

export const batchRoutes = {
  getBatch: {
    id: 'getBatch',
    method: 'GET',
    path: '/batches/{batchId}',
    summary: "What became of each item of the head-end's batch",
    function: 'batches',
    access: headends,
    params: batchParams,
    response: batchStatus,
    problems: ['not-found'],
    cache: 'no-store',
  },
} as const satisfies Record<string, Route>;
