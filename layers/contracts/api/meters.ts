import * as z from 'zod';
import { METER_EVENTS } from '../messages/events.ts';
import { READ_REASONS } from '../messages/register-reads.ts';
import { ESTIMATION_METHOD_NAMES, SETTLED_QUALITY_NAMES } from '../vee/qualities.ts';
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
    view: z.enum(['raw', 'final']).default('raw').meta({
      description: 'raw: as it was read and edited; final: as the latest settlement run left it, without `asOf`',
    }),
    quality: quality.optional(),
    asOf: instant.optional().meta({ description: 'What was known at this instant' }),
    limit: limit.default(1000),
    cursor: cursor.optional(),
  })
  .refine(inOrder, { path: ['from'], message: 'must be before to' })
  .refine(({ view, asOf }) => view === 'raw' || asOf === undefined, {
    path: ['asOf'],
    message: 'a settlement run has a cutoff of its own',
  });

export const readingInterval = z
  .object({
    start: utcInstant,
    end: utcInstant,
    value: z.number(),
    quality,
    version: z.number().int().meta({ description: "The source's revision; in the final view the settlement run" }),
    settled: z
      .object({
        quality: z.enum(SETTLED_QUALITY_NAMES),
        cim: z.string().meta({ description: 'ReadingQualityType of IEC 61968-9' }),
        espi: z.number().int().meta({ description: 'QualityOfReading of Green Button' }),
        method: z.enum(ESTIMATION_METHOD_NAMES).nullable().meta({ description: 'Of an estimate' }),
        references: z.number().int().meta({ description: 'Intervals that an estimate was made from' }),
      })
      .optional()
      .meta({ description: 'In the final view' }),
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

/** Absent bounds: `to` is now, `from` 31 days before it. */
export const registersQuery = z
  .strictObject({
    channel: channel.default('activeEnergyImport'),
    ...fromTo,
    limit: limit.default(100),
    cursor: cursor.optional(),
  })
  .refine(inOrder, { path: ['from'], message: 'must be before to' });

export const registerRead = z
  .object({
    time: utcInstant,
    value: z.number().meta({ description: 'Cumulative, as the display shows it: before the multiplier' }),
    version: z.number().int().meta({ description: "The source's revision" }),
    reason: z.enum(READ_REASONS),
    serial: z.string().nullable().meta({ description: 'Of the physical meter; null if not known' }),
    multiplier: z.number().meta({ description: 'Energy is the difference of two values times this' }),
    digits: z.number().int().nullable().meta({ description: 'Before the point; null if not known' }),
    recordedAt: utcInstant.meta({ description: 'Earliest receipt' }),
  })
  .meta({ id: 'RegisterRead' });

export const meterRegisters = z
  .object({
    meterId: id,
    channel,
    unit: z.string(),
    from: utcInstant,
    to: utcInstant,
    reads: z.array(registerRead).meta({ description: 'Every version that was received, by time' }),
    next,
  })
  .meta({ id: 'MeterRegisters' });

const meterEventName = z.enum(METER_EVENTS);

/** Absent bounds: `to` is now, `from` 31 days before it. */
export const eventsQuery = z
  .strictObject({
    event: meterEventName.optional(),
    ...fromTo,
    limit: limit.default(100),
    cursor: cursor.optional(),
  })
  .refine(inOrder, { path: ['from'], message: 'must be before to' });

export const meterEvents = z
  .object({
    meterId: id,
    from: utcInstant,
    to: utcInstant,
    events: z.array(
      z.object({ time: utcInstant, event: meterEventName, detail: z.string().optional(), recordedAt: utcInstant }),
    ),
    next,
  })
  .meta({ id: 'MeterEvents' });
