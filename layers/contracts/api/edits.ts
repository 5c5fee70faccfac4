import * as z from 'zod';
import { ENERGY_SCALE } from '../messages/channels.ts';
import { MAX_INTERVAL_KWH } from '../messages/limits.ts';
import { reason } from './quarantine.ts';
import { channel, id, instant, limit, quality, utcInstant } from './values.ts';

export const intervalParams = z.strictObject({
  meterId: id,
  channel,
  intervalStart: instant.meta({ description: 'Start of the interval, percent-encoded' }),
});

export const ifMatchHeader = z.object({
  'if-match': z
    .string({ error: 'the header If-Match is needed: the etag of the interval as you saw it' })
    .regex(/^"[a-z0-9-]{1,80}"$/, 'must be an etag of this interval, in double quotes')
    .meta({ description: 'The `etag` of the interval that this was decided on' }),
});

export const editRequest = z
  .strictObject({
    value: z
      .number()
      .min(0)
      .max(MAX_INTERVAL_KWH)
      .refine((value) => Math.round(value * ENERGY_SCALE) / ENERGY_SCALE === value, 'has more than three decimals')
      .meta({ description: "Energy of the interval, in the channel's unit" }),
    reason,
  })
  .meta({ id: 'ReadingEditRequest' });

export const editDecision = z
  .strictObject({ decision: z.enum(['approve', 'reject']), reason })
  .meta({ id: 'ReadingEditDecision' });

const edit = z
  .object({
    sequence: z.number().int().meta({ description: 'Also the version of the reading that it applies' }),
    action: z.enum(['apply', 'propose', 'approve', 'reject']),
    value: z.number(),
    previousValue: z.number().nullable(),
    reason: z.string(),
    subject: z.string(),
    clientId: z.string(),
    at: utcInstant,
  })
  .meta({ id: 'ReadingEdit' });

/** Everything that is known of one interval; the first version is the one that counts. */
export const readingHistory = z
  .object({
    meterId: id,
    channel,
    unit: z.string(),
    start: utcInstant,
    end: utcInstant,
    etag: z.string().meta({ description: 'For If-Match' }),
    value: z.number().nullable(),
    quality: quality.nullable(),
    proposal: edit.nullable().meta({ description: 'Waits for the decision of a second person' }),
    versions: z.array(z.object({ value: z.number(), quality, version: z.number().int(), recordedAt: utcInstant })),
    edits: z.array(edit),
  })
  .meta({ id: 'ReadingHistory' });

export const proposalsQuery = z.strictObject({ limit: limit.default(100) });

/** Oldest first; those beyond the limit come into view as these are decided. */
export const proposalList = z
  .object({ items: z.array(z.object({ meterId: id, channel, start: utcInstant, proposal: edit })) })
  .meta({ id: 'ReadingEditProposals' });
