import type * as z from 'zod';
import type { batchStatus } from '../../../layers/contracts/api/batch.ts';
import type {
  AcceptedBatch,
  BatchLogReader,
  BatchOutcomes,
  BatchRegister,
} from '../../../layers/domain/batches/batch-log.ts';
import type { UseCase } from '../../../layers/runtime/api-handler.ts';
import { apiProblem } from '../../../layers/runtime/api-problem.ts';

type Item = z.infer<typeof batchStatus>['items'][number];

/** What became of each item of a head-end's own batch. */
export const getBatch =
  (ports: { register: Pick<BatchRegister, 'find'>; log: BatchLogReader }): UseCase<'getBatch'> =>
  async ({ params: { batchId }, caller }) => {
    const batch = await ports.register.find(batchId);
    // Another client's batch is not said to exist.
    if (!batch || batch.clientId !== caller.clientId) return apiProblem('not-found', `There is no batch ${batchId}`);
    const outcomes = await ports.log.outcomes(batchId);
    const items = batch.items.map((_, index) => itemOf(batch, outcomes, index));
    const count = (status: Item['status']) => items.filter((item) => item.status === status).length;
    return {
      batchId,
      receivedAt: new Date(batch.receivedAt).toISOString(),
      stored: count('stored'),
      quarantined: count('quarantined'),
      pending: count('pending'),
      rejected: count('rejected'),
      items,
    };
  };

function itemOf({ items }: AcceptedBatch, { handled, quarantined }: BatchOutcomes, index: number): Item {
  const answered = items[index];
  if (answered === 'rejected') return { index, status: 'rejected' };
  // An equal item was put once, and stands for both.
  const put = typeof answered === 'number' ? answered : index;
  const duplicate = put === index ? {} : { duplicateOf: put };
  const found = quarantined.get(put);
  if (found) {
    const reasons = found.reasons.map(({ code, path, message }) => ({ path, message: `${code}: ${message}` }));
    return { index, status: 'quarantined', ...duplicate, quarantineId: found.id, reasons };
  }
  return { index, status: handled.has(put) ? 'stored' : 'pending', ...duplicate };
}
