/** Everything the functions log: one closed list. A line carries a code and ids, never a payload. */
export const LOG_CODES = {
  REQUEST_ANSWERED: 'a request was answered',
  REQUEST_FAILED: 'a request failed by a fault of ours',
  RESPONSE_BREAKS_CONTRACT: 'an answer did not fit its own schema',
  BATCH_STORED: 'a batch of stream records was stored',
  BATCH_RETRIED: 'a batch of stream records will be tried again',
  WINDOWS_AGGREGATED: 'windows were summed anew where readings or topology changed',
  READINGS_COMPACTED: 'arrived readings were merged into blocks',
  OUTAGES_DETECTED: 'outages were judged anew where something may have changed',
  MESSAGE_QUARANTINED: 'a message went to the quarantine',
  STREAM_THROTTLED: 'the stream took only part of what was put',
  QUARANTINE_WATCHED: 'failed batches were noted, and what waits in quarantine was counted',
  TOPOLOGY_IMPORTED: 'a topology was imported',
  TRAINING_PREPARED: 'training data was laid out and jobs planned',
  RUN_RECORDED: 'a training run was recorded',
  CANDIDATE_CHOSEN: 'the best candidate of a plan was chosen',
  CANDIDATE_JUDGED: 'a candidate was compared with the champion',
  FORECASTS_ASKED: 'what models are asked was laid out',
  MODEL_ANSWERED: 'a model was asked',
  MODEL_OUTPUT_INVALID: 'a model answered what is no answer',
  FORECASTS_STORED: 'forecasts were reconciled and stored',
} as const;
export type LogCode = keyof typeof LOG_CODES;
