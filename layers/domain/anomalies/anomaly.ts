import { createHash } from 'node:crypto';
import type { ANOMALY_ENTITIES, ANOMALY_STATUSES, AnomalyMethod, QuietReason } from '../../contracts/api/anomalies.ts';
import type { Phase } from '../../contracts/messages/measurements.ts';
import type { FaultClass, FaultLabel } from '../../contracts/models/anomaly.ts';

export interface AnomalyEntity {
  kind: (typeof ANOMALY_ENTITIES)[number];
  id: string;
}

/** What is looked at: a channel of a meter, or what a sensor measures. */
export interface AnomalySubject {
  entity: AnomalyEntity;
  /** Name of the channel or measurement kind. */
  quantity: string;
  phase: Phase | null;
}

export interface Band {
  low: number;
  high: number;
}

/** One thing that was looked at, and how unusual it was. */
export interface ExplainedSignal {
  signal: string;
  value: number | null;
  expected: Band | null;
  /** Stream: −log10 of a probability; models: robust standard deviations. */
  surprise: number;
}

/** Something unusual from `since` on. The same subject, source and start are the same anomaly, however often it is found. */
export interface Anomaly extends AnomalySubject {
  source: 'stream' | 'model';
  /** Epoch ms, as all instants here. */
  since: number;
  /** End of the last unusual reading, or of the last unusual day. */
  until: number;
  /** Nothing usual has come after it. */
  ongoing: boolean;
  /** Of value and expected band. */
  unit: string;
  signal: string;
  method: AnomalyMethod;
  direction: 'high' | 'low';
  score: number;
  /** −log10 of the probability of a reading as unusual; null where a model judged a day. */
  surprise: number | null;
  value: number;
  expected: Band | null;
  peakAt: number;
  explanation: readonly ExplainedSignal[];
  modelVersion: string | null;
  faults: Readonly<Record<FaultClass, number>> | null;
}

export interface Label {
  label: FaultLabel;
  note: string | null;
  from: number;
  to: number;
  by: string;
  at: number;
}

export interface Snooze {
  until: number;
  by: string;
  at: number;
}

/** An anomaly as it is kept, with what became of it. */
export interface StoredAnomaly extends Anomaly {
  anomalyId: string;
  raisedAt: number;
  alertedAt: number | null;
  quietBecause: QuietReason | null;
  status: (typeof ANOMALY_STATUSES)[number];
  label: Label | null;
  snoozedUntil: number | null;
}

/** Identity of an anomaly: the same whenever, and by whomever, it is found again. */
export function anomalyIdOf({
  entity,
  quantity,
  phase,
  source,
  since,
}: AnomalySubject & Pick<Anomaly, 'source' | 'since'>): string {
  const key = [entity.kind, entity.id, quantity, phase ?? '', source, since].join('/');
  return `ano-${createHash('sha256').update(key).digest('hex').slice(0, 24)}`;
}
