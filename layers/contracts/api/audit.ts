import * as z from 'zod';
import { cursor, fromTo, inOrder, limit, next, utcInstant } from './values.ts';

/** Newest first. Absent bounds: `to` is now, `from` 31 days before it. */
export const auditQuery = z
  .strictObject({
    actor: z.string().min(1).max(128).optional().meta({ description: 'Subject of who did it' }),
    action: z
      .string()
      .regex(/^[a-z]{1,32}\.[a-zA-Z]{1,32}$/, 'must be an action such as reading.apply')
      .optional(),
    subject: z
      .string()
      .regex(/^[a-z]{1,32}#[^#]{1,300}$/, 'must be a subject such as quarantine#<id>')
      .optional()
      .meta({
        description: 'What was changed',
        examples: ['reading#m001/activeEnergyImport/2012-10-06T14:00:00.000Z'],
      }),
    ...fromTo,
    limit: limit.default(100),
    cursor: cursor.optional(),
  })
  .refine(inOrder, { path: ['from'], message: 'must be before to' });

export const auditList = z
  .object({
    items: z.array(
      z
        .object({
          at: utcInstant,
          subject: z.string().meta({ description: 'What was changed' }),
          sequence: z.number().int().meta({ description: 'Grows with each change of the subject' }),
          action: z.string(),
          actor: z.string().meta({ description: 'Who did it: a person, or the part of the platform that did' }),
          clientId: z.string().meta({ description: 'The client that they came by' }),
          reason: z.string(),
          details: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
        })
        .meta({ id: 'AuditRecord' }),
    ),
    next,
  })
  .meta({ id: 'AuditList' });
