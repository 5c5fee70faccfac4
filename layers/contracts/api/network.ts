import * as z from 'zod';
import { withheld } from './privacy.ts';
import { cursor, fromTo, id, inOrder, instant, limit, next, position, utcInstant } from './values.ts';

export const transformerParams = z.strictObject({ transformerId: id });
export const feederParams = z.strictObject({ feederId: id });
export const regionParams = z.strictObject({ regionId: id });

/** The network for the map: what is connected to what and where, without anything about people. */
export const network = z
  .object({
    regions: z.array(z.object({ regionId: id, name: z.string(), timeZone: z.string() })),
    substations: z.array(z.object({ substationId: id, name: z.string(), regionId: id, position })),
    feeders: z.array(
      z.object({
        feederId: id,
        name: z.string(),
        substationId: id,
        nominalVoltageV: z.number(),
        ratingKva: z.number(),
        sensorId: id.nullable(),
        path: z.array(position).meta({ description: 'The line from the substation outwards' }),
      }),
    ),
    transformers: z.array(
      z.object({ transformerId: id, name: z.string(), feederId: id, ratingKva: z.number(), position }),
    ),
    meters: z.array(z.object({ meterId: id, usagePointId: id, transformerId: id, position })),
  })
  .meta({ id: 'Network' });
export type Network = z.infer<typeof network>;

/** Bands of transformer loading: warn from 80 %, high from 100 %, critical from 120 % of the rating (proposed defaults). */
export const loadingBands = ['normal', 'warn', 'high', 'critical'] as const;

const transformerLoadingFields = {
  loadKva: z.number().nullable().meta({ description: 'Mean over the interval; null where no meter reported' }),
  loadingPercent: z.number().nullable(),
  band: z.enum(loadingBands).nullable(),
  withheld,
  metersExpected: z.number().int(),
  metersPresent: z.number().int(),
};

/** Absent bounds: `to` is now, `from` a day before it. `limit` counts intervals. */
export const loadingQuery = z
  .strictObject({ ...fromTo, limit: limit.default(1000), cursor: cursor.optional() })
  .refine(inOrder, { path: ['from'], message: 'must be before to' });

export const transformerLoading = z
  .object({
    transformerId: id,
    unit: z.literal('kVA'),
    ratingKva: z.number(),
    powerFactor: z.number().meta({ description: 'Assumed, where no reactive energy is measured' }),
    intervalMinutes: z.number().int().positive(),
    from: utcInstant,
    to: utcInstant,
    intervals: z.array(z.object({ start: utcInstant, end: utcInstant, ...transformerLoadingFields })),
    next,
  })
  .meta({ id: 'TransformerLoading' });

/** `at` absent: now. */
export const networkLoadingQuery = z.strictObject({ at: instant.optional() });

/** The latest interval of each transformer that ended by `at` and holds a reading, no older than six hours. */
export const networkLoading = z
  .object({
    at: utcInstant,
    unit: z.literal('kVA'),
    powerFactor: z.number(),
    transformers: z.array(
      z.object({
        transformerId: id,
        feederId: id,
        ratingKva: z.number(),
        start: utcInstant.nullable(),
        end: utcInstant.nullable(),
        ...transformerLoadingFields,
      }),
    ),
  })
  .meta({ id: 'NetworkLoading' });
