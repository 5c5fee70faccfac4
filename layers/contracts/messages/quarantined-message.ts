import * as z from 'zod';

/** What lies in the quarantine bucket at `<kind>/<id>.json`; `kind` is `unknown` when the topic names none. */
export const QuarantinedMessage = z
  .strictObject({
    id: z.string().describe('sha-256 of topic, NUL and payload bytes, hex'),
    kind: z.string(),
    topic: z.string(),
    clientId: z.string(),
    receivedAt: z.int(),
    traceId: z.string(),
    reasons: z.array(z.strictObject({ code: z.string(), path: z.string(), message: z.string() })).min(1),
    payload: z.string().describe('base64'),
  })
  .meta({ id: 'QuarantinedMessage' });
export type QuarantinedMessage = z.infer<typeof QuarantinedMessage>;
