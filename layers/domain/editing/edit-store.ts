import type { Actor } from '../audit/audit-log.ts';
import type { ReadingVersion } from '../readings/reading-columns.ts';

/** One interval of a meter's channel. */
export interface IntervalKey {
  meterNo: number;
  /** Code of the channel. */
  channel: number;
  /** Epoch ms. */
  start: number;
  intervalMinutes: number;
}

export type EditAction = 'apply' | 'propose' | 'approve' | 'reject';

/** What somebody did to an interval. */
export interface ReadingEdit {
  /** From 1; of an applied value also its revision. */
  sequence: number;
  action: EditAction;
  energyWh: number;
  /** What stood there; undefined: nothing did. */
  previousWh: number | undefined;
  /** State tag of the interval that it was decided on. */
  basedOn: string;
  reason: string;
  actor: Actor;
  /** Epoch ms. */
  at: number;
}

/** An interval with everything that is known of it. */
export interface EditedInterval {
  /** Every version, the one that counts first. */
  versions: readonly ReadingVersion[];
  /** By sequence. */
  edits: readonly ReadingEdit[];
}

/** A proposal that nobody has decided on. */
export interface OpenProposal {
  meterId: string;
  channel: number;
  start: number;
  edit: ReadingEdit;
}

/** Edits of readings. They are only added, each with the reading it applies, or neither. */
export interface EditStore {
  find(key: IntervalKey): Promise<EditedInterval>;
  /** @returns false if there is an edit of that sequence: somebody else was first. */
  add(key: IntervalKey, edit: ReadingEdit): Promise<boolean>;
  /** Oldest first. */
  proposals(query: { limit: number }): Promise<OpenProposal[]>;
}
