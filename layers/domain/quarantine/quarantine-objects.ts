import type { QuarantinedMessage } from '../../contracts/messages/quarantined-message.ts';
import type { QuarantineArrival, QuarantineEntry } from './quarantine-index.ts';

/** A corrected message, kept beside the original. */
export interface Correction {
  /** Hash of topic and payload, as a quarantined message has it. */
  id: string;
  topic: string;
  payload: Uint8Array;
}

/** A record of a failed batch as its stream had it. */
export interface FailedRecord {
  partitionKey: string;
  data: Uint8Array;
}

/** The bodies of what lies in quarantine. */
export interface QuarantineObjects {
  message(entry: QuarantineEntry): Promise<QuarantinedMessage | undefined>;
  /** Written under its own id: the original and earlier corrections stay. */
  putCorrection(entry: QuarantineEntry, correction: Correction): Promise<void>;
  correction(entry: QuarantineEntry): Promise<Correction | undefined>;
  /** Records of a failed batch and the name of the stream they came from. */
  failedBatch(entry: QuarantineEntry): Promise<{ streamName: string; records: FailedRecord[] } | undefined>;
}

/** Finds failed batches, which Lambda itself writes: nobody notes them in the index. */
export interface FailedBatches {
  /** In pages, every one that is there. */
  list(): AsyncIterable<QuarantineArrival[]>;
}
