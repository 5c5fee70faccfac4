import type { ForecastExample } from '../../contracts/models/forecast.ts';
import { DAY_MS, MINUTE_MS } from '../readings/calendar-day.ts';
import type { EntityHistory, ForecastEntity } from './entity-history.ts';

/** What a forecast model is asked in a backtest. [proposed] */
export const BACKTEST_HORIZON_HOURS = 24;
export const BACKTEST_QUANTILES = [0.1, 0.5, 0.9] as const;
/** Days of history that a request carries: enough for weekly patterns of two months. */
export const REQUEST_DAYS = 56;
/** Held-out days of a fold, each one block of the gate. */
export const FOLD_DAYS = 7;

export interface EntitySeries {
  entity: ForecastEntity;
  timeZone: string;
  history: EntityHistory;
}

/** A cutoff and the days after it on which a model trained before it is measured. */
export interface Fold {
  /** Epoch ms; training data ends here. */
  cutoff: number;
  /** Origins, epoch ms. */
  origins: number[];
}

/** Folds of a week each, newest last; the newest is the holdout. @param until end of the data, epoch ms. */
export function foldsBefore(until: number, count: number): Fold[] {
  const end = Math.floor(until / DAY_MS) * DAY_MS;
  return Array.from({ length: count }, (_, index) => {
    const cutoff = end - (count - index) * FOLD_DAYS * DAY_MS;
    return { cutoff, origins: Array.from({ length: FOLD_DAYS }, (_, day) => cutoff + day * DAY_MS) };
  });
}

/** A series up to a cutoff as the training channel holds it: `time,value`, empty where nothing was read. */
export function trainingCsv({ start, intervalMinutes, values }: EntityHistory, cutoff: number): string {
  const lengthMs = intervalMinutes * MINUTE_MS;
  const count = Math.max(0, Math.min(values.length, Math.floor((cutoff - start) / lengthMs)));
  const first = values.findIndex((value) => value !== null);
  const lines = ['time,value'];
  for (let index = Math.max(0, first); index < count; index += 1)
    lines.push(`${new Date(start + index * lengthMs).toISOString()},${values[index] ?? ''}`);
  return `${lines.join('\n')}\n`;
}

/** Share of a held-out day that must have been read for it to be an example. [proposed] */
const MIN_READ_SHARE = 0.8;

/**
 * What a model is asked at an origin, and what came. Nothing from the origin on is in the request.
 * @returns undefined where too little was read before or after it.
 */
export function exampleAt({ entity, timeZone, history }: EntitySeries, origin: number): ForecastExample | undefined {
  const { start, intervalMinutes, values } = history;
  const lengthMs = intervalMinutes * MINUTE_MS;
  const at = Math.round((origin - start) / lengthMs);
  const steps = Math.ceil((BACKTEST_HORIZON_HOURS * 60) / intervalMinutes);
  const from = Math.max(0, at - (REQUEST_DAYS * DAY_MS) / lengthMs);
  const known = values.slice(from, at);
  const actuals = values.slice(at, at + steps);
  const read = known.filter((value) => value !== null);
  const scale = read.reduce((sum, value) => sum + Math.abs(value), 0) / read.length;
  if (actuals.filter((value) => value !== null).length < MIN_READ_SHARE * steps || !(scale > 0)) return undefined;
  const day = new Date(origin).toISOString();
  return {
    id: `${entity.kind}/${entity.id}/${day}`,
    block: day,
    request: {
      entity,
      issuedAt: day,
      intervalMinutes,
      history: { start: new Date(start + from * lengthMs).toISOString(), values: known },
      timeZone,
      horizonHours: BACKTEST_HORIZON_HOURS,
      quantiles: [...BACKTEST_QUANTILES],
    },
    actuals,
    scale,
  };
}
