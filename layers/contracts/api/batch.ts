import * as z from 'zod';
import { violation } from './problem.ts';

export const idempotencyKeyHeader = z.object({
  'idempotency-key': z
    .string({ error: 'the header Idempotency-Key is needed' })
    .regex(/^[\x21-\x7e]{1,255}$/, 'must be 1 to 255 visible ASCII characters')
    .meta({ description: 'Kept for 24 hours per caller' }),
});

/** Each item is an interval-readings message, judged on its own: here only the envelope is checked. */
export const batch = z
  .strictObject({
    readings: z
      .array(z.record(z.string(), z.unknown()))
      .min(1)
      .max(5000)
      .meta({ description: 'interval-readings messages, as published by meters' }),
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
