import * as z from 'zod';

export const health = z
  .object({
    status: z.literal('ok'),
    service: z.literal('smart-grid-analytics'),
    stage: z.string(),
    time: z.iso.datetime(),
  })
  .meta({ id: 'Health' });

export const openApiDocument = z.looseObject({ openapi: z.literal('3.1.0') });
