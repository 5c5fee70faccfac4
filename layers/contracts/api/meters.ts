import * as z from 'zod';
import { channel, cursor, fromTo, id, inOrder, instant, limit, next, position, quality, utcInstant } from './values.ts';

export const meterParams = z.strictObject({ meterId: id });

export const metersQuery = z.strictObject({
  transformerId: id.optional(),
  feederId: id.optional(),
  limit: limit.default(100),
  cursor: cursor.optional(),
});

export const meterChannel = z
  .object({ channel, unit: z.string(), intervalMinutes: z.number().int().positive() })
  .meta({ id: 'MeterChannel' });

export const meter = z
  .object({
    meterId: id,
    usagePointId: id,
    transformerId: id,
    feederId: id,
    position,
    serviceFrom: utcInstant.meta({ description: 'In service from, inclusive' }),
    serviceTo: utcInstant.nullable().meta({ description: 'In service until, exclusive; null while in service' }),
    channels: z.array(meterChannel),
  })
  .meta({ id: 'Meter' });
export type Meter = z.infer<typeof meter>;

export const meterList = z.object({ items: z.array(meter), next }).meta({ id: 'MeterList' });

/** Absent bounds: `to` is now, `from` a day before it. `limit` counts intervals; gaps are those of the page. */
export const readingsQuery = z
  .strictObject({
    channel: channel.default('activeEnergyImport'),
    ...fromTo,
    quality: quality.optional(),
    asOf: instant.optional().meta({ description: 'What was known at this instant' }),
    limit: limit.default(1000),
    cursor: cursor.optional(),
  })
  .refine(inOrder, { path: ['from'], message: 'must be before to' });

export const readingInterval = z
  .object({
    start: utcInstant,
    end: utcInstant,
    value: z.number(),
    quality,
    version: z.number().int().meta({ description: "The source's revision" }),
  })
  .meta({ id: 'ReadingInterval' });

/** `awaited`: ended less than a day ago and may still come. */
export const gapReasons = ['missing', 'awaited'] as const;
export type GapReason = (typeof gapReasons)[number];

export const gap = z
  .object({ start: utcInstant, end: utcInstant, reason: z.enum(gapReasons) })
  .meta({ id: 'Gap', description: 'Intervals that were expected while the meter was in service and are not there' });

export const meterReadings = z
  .object({
    meterId: id,
    channel,
    unit: z.string(),
    intervalMinutes: z.number().int().positive(),
    from: utcInstant,
    to: utcInstant,
    intervals: z.array(readingInterval),
    gaps: z.array(gap),
    next,
  })
  .meta({ id: 'MeterReadings' });
