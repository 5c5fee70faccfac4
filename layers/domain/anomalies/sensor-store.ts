import type { MeasurementKindName, Phase } from '../../contracts/messages/measurements.ts';
import type { AnomalyRecorder, TrackerState } from './anomaly-store.ts';

/** A sensor as its measurements are scored. */
export interface ScoredSensor {
  sensorId: string;
  timeZone: string;
  kinds: readonly MeasurementKindName[];
  /** Where the earliest of its trackers stands, epoch ms; null before the first. */
  scoredTo: number | null;
}

/** What one sensor measures: a kind, of a phase or of none. */
export interface SensorSeriesKey {
  sensorId: string;
  kind: MeasurementKindName;
  phase: Phase | null;
}

/** Means of a series by window. */
export interface SensorSeries extends SensorSeriesKey {
  timeZone: string;
  /** Start, epoch ms, and mean, in order of time. */
  windows: readonly (readonly [start: number, mean: number])[];
}

/** [from, to) of a series was looked at again, epoch ms. */
export interface LookedAtSeries extends SensorSeriesKey {
  from: number;
  to: number;
}

export interface SensorDirectory {
  /** Every sensor, those that have been scored least far first. */
  sensors(): Promise<ScoredSensor[]>;
}

/** What one step of scoring sensors does in one transaction. */
export interface SensorScoringWork extends AnomalyRecorder {
  /** Until the transaction ends nobody else scores sensors. */
  begin(): Promise<void>;
  trackers(sensorIds: readonly string[]): Promise<(SensorSeriesKey & TrackerState)[]>;
  keep(trackers: readonly (SensorSeriesKey & TrackerState)[]): Promise<void>;
  /**
   * What was found earlier in what was looked at and is not among `found` any more: withdrawn if it begins there, over if it began before.
   * @returns anomalies withdrawn
   */
  settle(scope: { looked: readonly LookedAtSeries[]; found: readonly string[] }): Promise<number>;
}

export interface SensorScoringStore {
  /** Commits what the work did, or nothing of it. */
  transaction<Result>(work: (step: SensorScoringWork) => Promise<Result>): Promise<Result>;
}
