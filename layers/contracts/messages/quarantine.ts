import { MESSAGE_KINDS, type MessageKind } from './messages.ts';

/** `open` waits for an operator; `replayed` went to its stream again; `discarded` is kept, but nothing more will be done. */
export const QUARANTINE_STATUSES = ['open', 'replayed', 'discarded'] as const;
export type QuarantineStatus = (typeof QUARANTINE_STATUSES)[number];

/** A batch that a stream's consumer could not store before its records' age ended, as Lambda left it in the bucket. */
export const FAILED_BATCH = 'failed-batch';

/** What lies in quarantine: messages by their kind, messages of no kind, and failed batches. */
export const QUARANTINE_KINDS = [
  ...(Object.keys(MESSAGE_KINDS) as MessageKind[]),
  'unknown',
  FAILED_BATCH,
] as const satisfies readonly string[];
export type QuarantineKind = (typeof QUARANTINE_KINDS)[number];
