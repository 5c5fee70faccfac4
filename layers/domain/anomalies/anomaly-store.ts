import type { AnomalyMethod } from '../../contracts/api/anomalies.ts';
import type { Label, Snooze, StoredAnomaly } from './anomaly.ts';

export interface AnomalyQuery {
  /** Begins in [from, to), epoch ms. */
  from: number;
  to: number;
  method?: AnomalyMethod | undefined;
  minScore?: number | undefined;
  direction?: 'high' | 'low' | undefined;
  status?: StoredAnomaly['status'] | undefined;
  meterId?: string | undefined;
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
