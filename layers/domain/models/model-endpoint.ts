import { MODEL_METRICS } from '../../contracts/models/metrics.ts';

/** Why a model gave no usable answer. */
export type ModelFailure = 'refused' | 'failed' | 'missing' | 'invalid-output';

export type ModelAnswer = { answer: unknown } | { failure: Exclude<ModelFailure, 'invalid-output'>; detail: string };

/** A served model. An expected failure is a value; the answer is not yet checked. */
export interface ModelEndpoint {
  ask(request: unknown): Promise<ModelAnswer>;
}

/** What alarms watch of requests: counts, and durations in ms. Counted also when nothing failed: silence and soundness must look different to an alarm. */
export interface WatchedRequests {
  counts: Readonly<Record<string, number>>;
  durations: Readonly<Record<string, readonly number[]>>;
}

/** Alarms of ten seconds watch, so they are told twice as often. */
const TELL_MS = 5_000;

/**
 * Tells how requests go while they are asked, not when the last is answered: a model that is slow enough to outlast its caller would
 * never be told of, and a canary would be over before its alarm could ring.
 */
export function requestWatch({ clock, tell }: { clock: () => number; tell(watched: WatchedRequests): void }) {
  let failures: ModelFailure[] = [];
  let durations: number[] = [];
  let told = clock();
  const done = (): void => {
    if (durations.length === 0) return;
    const count = (kind: ModelFailure) => failures.filter((failure) => failure === kind).length;
    tell({
      counts: { [MODEL_METRICS.failed]: count('failed'), [MODEL_METRICS.invalid]: count('invalid-output') },
      durations: { [MODEL_METRICS.answered]: durations },
    });
    [failures, durations, told] = [[], [], clock()];
  };
  return {
    /** @param durationMs of one request. */
    answered(durationMs: number, failure?: ModelFailure): void {
      durations.push(durationMs);
      if (failure) failures.push(failure);
      if (clock() - told >= TELL_MS) done();
    },
    /** Tells what is not told yet. */
    done,
  };
}
