/** Metrics by which whoever asks a model says how that went; alarms on them call a new version back. */
export const MODEL_METRICS = {
  /** Requests that the model failed on, a count. */
  failed: 'ModelFailed',
  /** Answers that break the contract, a count. */
  invalid: 'InvalidModelOutput',
  /** How long each answer took, ms. */
  answered: 'ModelAnswered',
} as const;
