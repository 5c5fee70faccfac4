import * as z from 'zod';
import { violation } from './problem.ts';
import { utcInstant } from './values.ts';

export const idempotencyKeyHeader = z.object({
  'idempotency-key': z
    .string({ error: 'the header Idempotency-Key is needed' })
    .regex(/^[\x21-\x7e]{1,255}$/, 'must be 1 to 255 visible ASCII characters')
    .meta({ description: 'Kept for 24 hours per caller' }),
});

/** Each item is an interval-readings or interval-columns message, judged on its own: here only the envelope is checked. */
export const batch = z
  .strictObject({
    readings: z
      .array(z.record(z.string(), z.unknown()))
      .min(1)
      .max(5000)
      .meta({ description: 'interval-readings messages as published by meters, or interval-columns messages' }),
  })
  .meta({ id: 'Batch' });

export const batchResult = z
  .object({
    batchId: z.string(),
    accepted: z.number().int(),
    rejected: z.number().int(),
    items: z.array(
      z.object({
        index: z.number().int(),
        status: z.enum(['accepted', 'rejected']),
        duplicateOf: z.number().int().optional().meta({ description: 'Index of an equal item of this request' }),
        reasons: z.array(violation).optional(),
      }),
    ),
  })
  .meta({ id: 'BatchResult' });

export const batchParams = z.strictObject({ batchId: z.uuid() });

/** `stored`: all of it; `quarantined`: what `reasons` name is not stored, the rest of the item is; `pending`: not yet read from the stream. */
export const batchStatus = z
  .object({
    batchId: z.string(),
    receivedAt: utcInstant,
    stored: z.number().int(),
    quarantined: z.number().int(),
    pending: z.number().int(),
    rejected: z.number().int(),
    items: z.array(
      z.object({
        index: z.number().int(),
        status: z.enum(['stored', 'quarantined', 'pending', 'rejected']),
        duplicateOf: z.number().int().optional().meta({ description: 'Index of the equal item that was put for it' }),
        quarantineId: z.string().optional(),
        reasons: z.array(violation).optional(),
      }),
    ),
  })
  .meta({ id: 'BatchStatus', description: 'Kept for 14 days' });
