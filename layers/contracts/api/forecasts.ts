import * as z from 'zod';
import { FORECAST_ENTITIES, forecastInterval, MAX_HORIZON_HOURS } from '../models/forecast.ts';
import { cursor, fromTo, id, inOrder, instant, limit, next, utcInstant } from './values.ts';

export const forecastParams = z.strictObject({
  entity: z.enum(FORECAST_ENTITIES),
  id: id.meta({ description: 'Id of the entity; `system` for the system' }),
});

const levels = z
  .string()
  .max(200)
  .regex(/^0?\.\d{1,4}(,0?\.\d{1,4})*$/, 'must be levels between 0 and 1 such as 0.1,0.9');

/** Absent: the newest forecast, whole. */
export const forecastQuery = z.strictObject({
  horizon: z.coerce
    .number()
    .int()
    .min(1)
    .max(MAX_HORIZON_HOURS)
    .optional()
    .meta({ description: 'Hours from the origin' }),
  quantiles: levels.optional().meta({ description: 'Only these levels, as issued' }),
  model: z.string().max(64).optional().meta({ description: 'Only forecasts of this model version' }),
  asOf: instant.optional().meta({ description: 'The newest forecast that was issued by then' }),
});

const issue = {
  issuedAt: utcInstant.meta({ description: 'Readings up to here were used' }),
  availableAt: utcInstant,
  model: z.string(),
  modelVersion: z.string(),
  method: z.string(),
  fallback: z.string().nullable().meta({ description: 'Why a simpler method answered; null where the full one did' }),
};

const outcome = z
  .object({
    error: z.number(),
    pinball: z.number(),
    coverage: z.number(),
    intervals: z.number().int(),
    scale: z.number(),
  })
  .nullable()
  .meta({ description: 'How it turned out; null until the readings are there' });

export const forecast = z
  .object({
    entity: z.enum(FORECAST_ENTITIES),
    id,
    unit: z.literal('kWh'),
    intervalMinutes: z.number().int().positive(),
    ...issue,
    inputs: z.record(z.string(), z.unknown()),
    intervals: z.array(forecastInterval),
    outcome,
    previous: z
      .object({ ...issue, intervals: z.array(z.object({ start: utcInstant, end: utcInstant, point: z.number() })) })
      .nullable()
      .meta({ description: 'What the issue before said' }),
  })
  .meta({ id: 'Forecast' });

/** Absent bounds: `to` is now, `from` 28 days before it. Newest first. */
export const forecastIssuesQuery = z
  .strictObject({ ...fromTo, limit: limit.default(100), cursor: cursor.optional() })
  .refine(inOrder, { path: ['from'], message: 'must be before to' });

/** Empty where nothing was forecast. */
export const forecastIssueList = z
  .object({ entity: z.enum(FORECAST_ENTITIES), id, items: z.array(z.object({ ...issue, outcome })), next })
  .meta({ id: 'ForecastIssueList' });
