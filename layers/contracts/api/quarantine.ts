import * as z from 'zod';
import { ID_PATTERN } from '../messages/limits.ts';
import { QUARANTINE_KINDS, QUARANTINE_STATUSES } from '../messages/quarantine.ts';
import { cursor, fromTo, inOrder, limit, next, utcInstant } from './values.ts';

const quarantineId = z
  .string()
  .regex(/^[0-9a-f]{64}$/, 'must be 64 hexadecimal digits')
  .meta({ description: 'Hash of what lies there' });

export const quarantineParams = z.strictObject({ quarantineId });

export const quarantineStatus = z.enum(QUARANTINE_STATUSES).meta({ id: 'QuarantineStatus' });

/** Newest first. Bounds are of `since`. */
export const quarantineQuery = z
  .strictObject({
    status: quarantineStatus.default('open'),
    kind: z.enum(QUARANTINE_KINDS).optional(),
    reason: z
      .string()
      .regex(/^[A-Z_]{1,40}$/, 'must be a reason code such as UNKNOWN_METER')
      .optional(),
    ...fromTo,
    limit: limit.default(100),
    cursor: cursor.optional(),
  })
  .refine(inOrder, { path: ['from'], message: 'must be before to' });

const entry = {
  id: quarantineId,
  kind: z.enum(QUARANTINE_KINDS),
  topic: z.string().meta({ description: 'Of a failed batch: the key of its object' }),
  clientId: z.string(),
  receivedAt: utcInstant.meta({ description: 'Latest receipt' }),
  since: utcInstant.meta({ description: 'Waiting since' }),
  status: quarantineStatus,
  reasonCodes: z.array(z.string()),
  corrected: z.boolean().meta({ description: 'A corrected payload lies beside the original' }),
  replayedAs: quarantineId.nullable().meta({ description: 'Id it would have if it were refused again' }),
  version: z.number().int(),
};

export const quarantineEntry = z.object(entry).meta({ id: 'QuarantineEntry' });

export const quarantineList = z.object({ items: z.array(quarantineEntry), next }).meta({ id: 'QuarantineList' });

/** What was done, when, by whom and why. */
export const change = z
  .object({ at: utcInstant, action: z.string(), subject: z.string(), clientId: z.string(), reason: z.string() })
  .meta({ id: 'AuditedChange' });

export const quarantinedItem = z
  .object({
    ...entry,
    traceId: z.string(),
    reasons: z.array(z.object({ code: z.string(), path: z.string(), message: z.string() })),
    payload: z.string().meta({ description: 'As it arrived, in base64; of a failed batch empty' }),
    correction: z.object({ topic: z.string(), payload: z.string() }).nullable(),
    history: z.array(change),
  })
  .meta({ id: 'QuarantinedItem' });

export const reason = z
  .string()
  .trim()
  .min(3, 'must say why, in at least 3 characters')
  .max(500)
  .meta({ description: 'Why, for the audit', examples: ['meter m051 was registered late'] });

/** The corrected message: its payload in base64, and its topic if that was wrong. */
export const correction = z
  .strictObject({
    payload: z.base64().min(1).max(1_400_000).meta({ description: 'Corrected payload, base64' }),
    topic: z
      .string()
      .max(256)
      .refine(
        (topic) => /^[a-z]+\/[^/]+\/[a-z-]+$/.test(topic) && ID_PATTERN.test(topic.split('/')[1] ?? ''),
        'must be a topic such as meters/m001/interval-readings',
      )
      .optional(),
    reason,
  })
  .meta({ id: 'QuarantineCorrection' });

export const replayRequest = z.strictObject({ reason }).meta({ id: 'QuarantineReplay' });

export const discardQuery = z.strictObject({ reason });
