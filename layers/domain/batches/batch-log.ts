import type { Reason } from '../../contracts/codes/reasons.ts';

/** What became of one item of a batch: stored whole, or in quarantine with what could not be stored of it. */
export interface ItemOutcome {
  batchId: string;
  /** Index in the request. */
  item: number;
  quarantined?: { id: string; reasons: readonly Reason[] };
}

/** Outcomes by batch. Recording one again changes nothing; in any order and split the same comes of it. */
export interface BatchLog {
  /** @throws on a fault of the store: the records are tried again. */
  record(outcomes: readonly ItemOutcome[]): Promise<void>;
}

/** Outcomes so far; an item that is in neither is not handled yet. */
export interface BatchOutcomes {
  handled: ReadonlySet<number>;
  quarantined: ReadonlyMap<number, { id: string; reasons: readonly Reason[] }>;
}

export interface BatchLogReader {
  outcomes(batchId: string): Promise<BatchOutcomes>;
}

/** What was answered of a batch when it was accepted. */
export interface AcceptedBatch {
  batchId: string;
  clientId: string;
  /** Epoch ms. */
  receivedAt: number;
  /** By index: accepted, rejected, or the index of the equal item that was put in its place. */
  items: readonly ('accepted' | 'rejected' | number)[];
}

export interface BatchRegister {
  put(batch: AcceptedBatch): Promise<void>;
  find(batchId: string): Promise<AcceptedBatch | undefined>;
}

/** How long a batch can be asked after, days: twice as long as the stream may hold a record back. [proposed] */
export const BATCH_KEPT_DAYS = 14;
