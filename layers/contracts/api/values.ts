import * as z from 'zod';
import { CHANNEL_NAMES, QUALITY_NAMES } from '../messages/channels.ts';

/** The utility's own strings. */
export const id = z
  .string()
  .regex(/^[A-Za-z0-9._-]{1,64}$/, 'must be 1 to 64 characters of A-Z a-z 0-9 . _ -')
  .meta({ description: "The utility's own identifier", examples: ['m001'] });

/** Any RFC 3339 instant, with Z or an offset. */
export const instant = z.iso
  .datetime({
    offset: true,
    error: 'must be an RFC 3339 instant such as 2012-10-06T14:00:00Z (encode + as %2B in a query)',
  })
  .meta({ description: 'RFC 3339 instant', examples: ['2012-10-06T14:00:00Z'] });

/** How instants are answered: always in UTC. */
export const utcInstant = z.iso.datetime().meta({ description: 'UTC instant', examples: ['2012-10-06T14:00:00.000Z'] });

const isTimeZone = (zone: string): boolean => {
  try {
    // Intl also takes fixed offsets such as +10:00, which are no IANA zones and have no daylight saving.
    return /^[A-Za-z]/.test(zone) && new Intl.DateTimeFormat('en', { timeZone: zone }).format(0).length > 0;
  } catch {
    return false;
  }
};

export const timeZone = z
  .string()
  .max(64)
  .refine(isTimeZone, 'must be an IANA time zone such as Australia/Sydney')
  .meta({ description: 'IANA time zone', examples: ['Australia/Sydney'] });

export const cursor = z
  .string()
  .max(512)
  .regex(/^[A-Za-z0-9_-]+$/, 'must be a cursor that this route answered as `next`')
  .meta({ description: 'Opaque: the `next` of the page before' });

export const limit = z.coerce
  .number()
  .int()
  .min(1)
  .max(1000)
  .meta({ description: 'Items per page', examples: [100] });

export const next = z.string().nullable().meta({ description: 'Cursor of the next page; null on the last one' });

/** Longitude and latitude in degrees (WGS 84). */
export const position = z
  .strictObject({ lat: z.number().min(-90).max(90), lon: z.number().min(-180).max(180) })
  .meta({ id: 'Position' });

/** Readings of one meter are told apart by channel; a channel is a kind of measurement, never a unit. */
export const channel = z.enum(CHANNEL_NAMES).meta({ id: 'Channel' });

export const quality = z.enum(QUALITY_NAMES).meta({ id: 'Quality' });

export const granularity = z.enum(['hour', 'day', 'month']);
export type Granularity = z.infer<typeof granularity>;

/** Half-open range of the query; each route says what absent bounds mean. */
export const fromTo = {
  from: instant.optional().meta({ description: 'Start, inclusive' }),
  to: instant.optional().meta({ description: 'End, exclusive; now if absent' }),
};

export const inOrder = (range: { from?: string | undefined; to?: string | undefined }): boolean =>
  range.from === undefined || range.to === undefined || Date.parse(range.from) < Date.parse(range.to);
