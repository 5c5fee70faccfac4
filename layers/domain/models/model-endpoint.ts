import { MODEL_METRICS } from '../../contracts/models/metrics.ts';

/** Why a model gave no usable answer. */
export type ModelFailure = 'refused' | 'failed' | 'missing' | 'invalid-output';

export type ModelAnswer = { answer: unknown } | { failure: Exclude<ModelFailure, 'invalid-output'>; detail: string };

/** A served model. An expected failure is a value; the answer is not yet checked. */
export interface ModelEndpoint {
  ask(request: unknown): Promise<ModelAnswer>;
}

/**
 * What alarms watch of a run's requests. Counted also when nothing failed: silence and soundness must look different to an alarm.
 * @param durations ms of each request
 */
export const watchedRequests = (failures: readonly ModelFailure[], durations: readonly number[]) => {
  const count = (kind: ModelFailure) => failures.filter((failure) => failure === kind).length;
  return {
    counts: { [MODEL_METRICS.failed]: count('failed'), [MODEL_METRICS.invalid]: count('invalid-output') },
    durations: { [MODEL_METRICS.answered]: durations },
  };
};
