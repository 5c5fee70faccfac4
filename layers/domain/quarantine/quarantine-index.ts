import type { QuarantineKind, QuarantineStatus } from '../../contracts/messages/quarantine.ts';
import type { Actor } from '../audit/audit-log.ts';

/** What is known of a thing in quarantine without opening it. */
export interface QuarantineEntry {
  /** Hash of what lies there, hex. */
  id: string;
  kind: QuarantineKind;
  /** Of a failed batch the key of its object. */
  topic: string;
  clientId: string;
  traceId: string;
  /** Latest receipt, epoch ms. */
  receivedAt: number;
  /** Waiting (or dealt with) since, epoch ms. */
  since: number;
  status: QuarantineStatus;
  reasonCodes: readonly string[];
  /** Hash of the corrected message, if there is one. */
  correctionId?: string | undefined;
  correctedTopic?: string | undefined;
  /** Grows by one with each change. */
  version: number;
  history: readonly QuarantineChange[];
}

/** What an operator did, with the version it led to. */
export interface QuarantineChange {
  version: number;
  at: number;
  action: 'correct' | 'replay' | 'discard';
  actor: Actor;
  reason: string;
}

/** A thing that came to quarantine. */
export type QuarantineArrival = Pick<
  QuarantineEntry,
  'id' | 'kind' | 'topic' | 'clientId' | 'traceId' | 'receivedAt' | 'reasonCodes'
>;

export interface QuarantineFilter {
  status: QuarantineStatus;
  kind?: QuarantineKind | undefined;
  reason?: string | undefined;
  /** Bounds of `since`, epoch ms, half-open. */
  from?: number | undefined;
  to?: number | undefined;
}

/** How many wait, and since when; counts stop at `most`. */
export interface QuarantineDepth {
  open: number;
  oldestSince: number | undefined;
}

/** What lies in quarantine, by time. */
export interface QuarantineIndex {
  /**
   * Notes what came. The same receipt again changes nothing; a later receipt of what was replayed or discarded opens it again,
   * so that nothing that is refused twice goes unseen.
   */
  arrive(arrivals: readonly QuarantineArrival[]): Promise<void>;
  find(id: string): Promise<QuarantineEntry | undefined>;
  /** Newest first. `before` is the position of the last one of the page before. */
  list(query: QuarantineFilter & { limit: number; before?: string | undefined }): Promise<{
    entries: QuarantineEntry[];
    /** Position of the last entry, if more may follow. */
    next: string | undefined;
  }>;
  /** Applies an operator's change to the version it was decided on. @returns undefined if it has another version by now. */
  change(request: {
    entry: QuarantineEntry;
    status: QuarantineStatus;
    correction?: { id: string; topic: string } | undefined;
    by: Omit<QuarantineChange, 'version'>;
  }): Promise<QuarantineEntry | undefined>;
  depth(most: number): Promise<QuarantineDepth>;
}
