import type { AnomalyMethod, QuietReason } from '../../contracts/api/anomalies.ts';
import type { MeterDay } from '../readings/reading-store.ts';
import type { AlertBudgetState } from './alert-budget.ts';
import type { Anomaly, Label, Snooze, StoredAnomaly } from './anomaly.ts';

export interface AnomalyQuery {
  /** Begins in [from, to), epoch ms. */
  from: number;
  to: number;
  method?: AnomalyMethod | undefined;
  minScore?: number | undefined;
  direction?: 'high' | 'low' | undefined;
  status?: StoredAnomaly['status'] | undefined;
  meterId?: string | undefined;
  sensorId?: string | undefined;
  order: 'score' | 'since';
  /** Decides which snoozes have ended. */
  now: number;
  skip: number;
  limit: number;
}

export interface AnomalyHistory {
  anomaly: StoredAnomaly;
  /** The latest first. */
  labels: readonly Label[];
  snoozes: readonly Snooze[];
}

/** Anomalies for those who look at them. */
export interface AnomalyInbox {
  list(query: AnomalyQuery): Promise<StoredAnomaly[]>;
  find(anomalyId: string, now: number): Promise<AnomalyHistory | undefined>;
  /** Adds to what people said of an anomaly that is there. What is said twice in a row is kept once. */
  addLabel(anomalyId: string, label: Label): Promise<void>;
  addSnooze(anomalyId: string, snooze: Snooze): Promise<void>;
}

/** An anomaly as a scorer found it. */
export interface FoundAnomaly extends Anomaly {
  /** Worth keeping; otherwise it only says how one that is kept already goes on. */
  recorded: boolean;
  /** Looked at from its beginning: replaces what was found before. Otherwise only what is more unusual does. */
  whole: boolean;
}

/** What scorers do with anomalies, within their own transaction. */
export interface AnomalyRecorder {
  /**
   * Keeps what was found. What is more unusual than when people were not told of it is decided anew.
   * @returns anomalies that were not there before
   */
  record(found: readonly FoundAnomaly[], at: number): Promise<number>;
}

/** A meter as its readings are scored. */
export interface ScoredMeter {
  meterNo: number;
  meterId: string;
  timeZone: string;
}

/** The state of one series: it has seen every reading before `scoredTo`, epoch ms, and none after. */
export interface TrackerState {
  scoredTo: number;
  state: Uint8Array;
}

export interface KeptTracker extends TrackerState {
  meterNo: number;
  channel: number;
}

/** A meter's channel was looked at again from an instant on, epoch ms. */
export interface LookedAt {
  meterId: string;
  quantity: string;
  from: number;
}

/** What one step of the scoring does in one transaction. */
export interface ScoringWork extends AnomalyRecorder {
  /**
   * Takes a bucket's due days, in order, if they were noted before `notedBefore`; nobody else scores the bucket until this ends.
   * @returns undefined: none is due
   */
  claim(notedBefore: number): Promise<{ bucket: number; days: number[] } | undefined>;
  /** Leaves a day of the bucket to a later step. */
  postpone(bucket: number, day: number): Promise<void>;
  meters(bucket: number): Promise<ScoredMeter[]>;
  trackers(bucket: number): Promise<KeptTracker[]>;
  keep(trackers: readonly KeptTracker[]): Promise<void>;
  /** Winners of days [fromDay, toDay), as of now. */
  readings(query: {
    meterNos: readonly number[];
    channel: number;
    fromDay: number;
    toDay: number;
  }): Promise<MeterDay[]>;
  /**
   * What the stream found earlier and is not among `found` any more: withdrawn if it begins in what was looked at again, over otherwise.
   * @returns anomalies withdrawn
   */
  settle(scope: { looked: readonly LookedAt[]; found: readonly string[] }): Promise<number>;
}

export interface ScoringStore {
  /** Commits what the work did, or nothing of it. */
  transaction<Result>(work: (step: ScoringWork) => Promise<Result>): Promise<Result>;
}

/** An anomaly nobody has decided on yet, and what speaks against an alert. */
export interface AlertCandidate {
  anomalyId: string;
  source: StoredAnomaly['source'];
  score: number;
  until: number;
  /** Of the same meter or sensor and quantity. */
  snoozed: boolean;
  /** Of the meter, at the same time. */
  outage: boolean;
  /** People were told, or are about to be, of the same meter or sensor and quantity less than `REPEATED_MS` ago. */
  repeated: boolean;
}

export type AlertDecision = { anomalyId: string } & ({ due: true } | { due: false; because: QuietReason });

/** What one step of alerting does in one transaction; only one runs at a time. */
export interface AlertWork {
  /** Undefined before the first. */
  budget(): Promise<AlertBudgetState | undefined>;
  /** The most unusual first. */
  candidates(query: { now: number; repeatedSince: number; limit: number }): Promise<AlertCandidate[]>;
  decide(decisions: readonly AlertDecision[], budget: AlertBudgetState): Promise<void>;
  /** Decided on but not yet told, with the zone of their meter or sensor; the most unusual first. */
  due(query: { now: number; limit: number }): Promise<{ anomaly: StoredAnomaly; timeZone: string }[]>;
}

export interface AlertStore {
  transaction<Result>(work: (step: AlertWork) => Promise<Result>): Promise<Result>;
  /** People have been told. */
  noteTold(anomalyId: string, at: number): Promise<void>;
}
