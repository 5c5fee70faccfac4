/** Why a model gave no usable answer. */
export type ModelFailure = 'refused' | 'failed' | 'missing' | 'invalid-output';

export type ModelAnswer = { answer: unknown } | { failure: Exclude<ModelFailure, 'invalid-output'>; detail: string };

/** A served model. An expected failure is a value; the answer is not yet checked. */
export interface ModelEndpoint {
  ask(request: unknown): Promise<ModelAnswer>;
}
