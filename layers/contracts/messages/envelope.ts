import * as z from 'zod';

/** Data of a stream record, as the topic rules and the batch route write it. */
export const Envelope = z
  .strictObject({
    payload: z.base64().describe('the message bytes as published'),
    topic: z.string().max(256),
    clientId: z.string().max(128),
    receivedAt: z.int().min(0).describe('epoch ms'),
    traceId: z.string().max(128).describe('of a batch: its id'),
    item: z.int().min(0).optional().describe('index of the message in its batch'),
  })
  .meta({ id: 'Envelope' });
export type Envelope = z.infer<typeof Envelope>;
