/** What a function's answer means for its batch: all done, failed from an index on, or failed as a whole. */
export type Verdict = { kind: 'done' } | { kind: 'from'; index: number } | { kind: 'failed'; why: string };

/**
 * Reads a partial batch response of a stream consumer.
 * Complete success: an empty or null list, an empty or null response. Complete failure: an empty, null, unknown or
 * missing `itemIdentifier`. Otherwise the lowest failed sequence number is the checkpoint, from which everything is retried.
 * Source: https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html
 */
export function streamVerdict(answer: unknown, sequenceNumbers: readonly string[]): Verdict {
  if (answer === undefined || answer === null || answer === '') return { kind: 'done' };
  if (typeof answer !== 'object') return { kind: 'failed', why: 'the response is no object' };
  const failures = (answer as { batchItemFailures?: unknown }).batchItemFailures;
  if (failures === undefined || failures === null) return { kind: 'done' };
  if (!Array.isArray(failures)) return { kind: 'failed', why: 'batchItemFailures is no list' };
  let lowest = sequenceNumbers.length;
  for (const failure of failures as ({ itemIdentifier?: unknown } | null)[]) {
    const id = failure?.itemIdentifier;
    const index = typeof id === 'string' && id !== '' ? sequenceNumbers.indexOf(id) : -1;
    if (index < 0) return { kind: 'failed', why: `itemIdentifier ${JSON.stringify(id)} is none of the batch` };
    lowest = Math.min(lowest, index);
  }
  return lowest === sequenceNumbers.length ? { kind: 'done' } : { kind: 'from', index: lowest };
}
