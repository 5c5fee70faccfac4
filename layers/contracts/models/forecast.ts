import * as z from 'zod';
import { id, instant, timeZone, utcInstant } from '../api/values.ts';

/** What can be forecast: a meter, or what some meters hang on. The system has no id of its own. */
export const FORECAST_ENTITIES = ['meter', 'transformer', 'feeder', 'region', 'system'] as const;
export type ForecastEntityKind = (typeof FORECAST_ENTITIES)[number];

/** Longest horizon: a week. */
export const MAX_HORIZON_HOURS = 168;

/** A year of quarter-hours. */
const MAX_INTERVALS = 366 * 96;

export const quantileLevel = z.number().gt(0).lt(1);

const series = z.array(z.number().finite().nullable()).max(MAX_INTERVALS);

/** What a forecast model is asked. Energies in one unit throughout; null where nothing was read. */
export const forecastRequest = z.strictObject({
  entity: z.strictObject({ kind: z.enum(FORECAST_ENTITIES), id }),
  issuedAt: instant,
  intervalMinutes: z.number().int().positive().max(1440),
  history: z.strictObject({ start: instant, values: series }),
  temperature: z.strictObject({ kind: z.enum(['observed', 'forecast']), start: instant, values: series }).optional(),
  holidays: z.array(z.iso.date()).max(1000).optional(),
  timeZone,
  horizonHours: z.number().int().min(1).max(MAX_HORIZON_HOURS),
  quantiles: z.array(quantileLevel).min(1).max(19),
});
export type ForecastRequest = z.infer<typeof forecastRequest>;

export const forecastInterval = z.object({
  start: utcInstant,
  end: utcInstant,
  point: z.number().finite(),
  quantiles: z.array(z.object({ level: quantileLevel, value: z.number().finite() })),
});
export type ForecastInterval = z.infer<typeof forecastInterval>;

/** What a forecast model answers: the intervals that end after `issuedAt`, without a hole. */
export const forecastResponse = z.object({
  modelVersion: z.string().min(1),
  method: z.string().min(1),
  fallback: z.string().nullable().meta({ description: 'Why a simpler method answered; null where the full one did' }),
  availableAt: utcInstant,
  intervals: z.array(forecastInterval).min(1),
});
export type ForecastResponse = z.infer<typeof forecastResponse>;

/** A line of the validation channel: what is asked at an origin, and what came. */
export const forecastExample = z.object({
  id: z.string(),
  block: z.string(),
  request: forecastRequest,
  /** By interval after the origin; null where no reading came. */
  actuals: z.array(z.number().nullable()),
  /** Mean absolute reading of the entity, so that households and feeders count alike. */
  scale: z.number().positive(),
});
export type ForecastExample = z.infer<typeof forecastExample>;
