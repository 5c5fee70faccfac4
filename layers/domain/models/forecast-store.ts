import type { ForecastInterval } from '../../contracts/models/forecast.ts';
import type { ModelName } from '../../contracts/models/learning.ts';
import type { ForecastEntity } from './entity-history.ts';

/** A forecast as it was issued. */
export interface IssuedForecast {
  entity: ForecastEntity;
  /** Epoch ms: readings up to here were used. */
  issuedAt: number;
  /** Epoch ms: from here on it could be read. */
  availableAt: number;
  model: ModelName;
  modelVersion: string;
  method: string;
  /** Why a simpler method answered; null where the full one did. */
  fallback: string | null;
  inputs: Readonly<Record<string, unknown>>;
  intervalMinutes: number;
  intervals: readonly ForecastInterval[];
}

/** How a forecast turned out, over the intervals that were read. */
export interface ForecastOutcome {
  /** Mean absolute error, kWh. */
  error: number;
  /** Mean pinball loss, kWh. */
  pinball: number;
  /** Share of intervals within the band of the lowest and highest quantile. */
  coverage: number;
  intervals: number;
  /** Mean absolute reading, kWh. */
  scale: number;
}

export type StoredForecast = IssuedForecast & { outcome: ForecastOutcome | null };

/** A forecast without its intervals. */
export type ForecastIssue = Omit<StoredForecast, 'entity' | 'inputs' | 'intervalMinutes' | 'intervals'>;

export interface ForecastStore {
  /**
   * Forecasts of one instant are kept together or not at all, and only if the first of them, the whole of the others, was not issued before: what
   * is there stays as it is. @returns how many were new.
   */
  issue(forecasts: readonly IssuedForecast[]): Promise<number>;
  /** The newest issued at or before an instant (of one model version, if given), and the one before it. */
  latest(query: {
    entity: ForecastEntity;
    asOf: number;
    modelVersion?: string;
    count: number;
  }): Promise<StoredForecast[]>;
  /** What was issued in [from, to), newest first. */
  issues(query: { entity: ForecastEntity; from: number; to: number; limit: number }): Promise<ForecastIssue[]>;
  /** Forecasts without outcome whose horizon ended by `until`, oldest first. */
  awaiting(query: { until: number; limit: number }): Promise<IssuedForecast[]>;
  settle(forecast: Pick<IssuedForecast, 'entity' | 'issuedAt'>, outcome: ForecastOutcome): Promise<void>;
  /** Outcomes of forecasts issued in [from, to), by the full method only, of what meters hang on: a single household is no measure of a model. */
  outcomes(query: { from: number; to: number }): Promise<{ issuedAt: number; outcome: ForecastOutcome }[]>;
}
