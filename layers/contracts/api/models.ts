import * as z from 'zod';
import { champion, modelName, modelRun } from '../models/learning.ts';
import { cursor, limit, next } from './values.ts';

export const modelParams = z.strictObject({ modelId: modelName });

export const modelList = z
  .object({ items: z.array(z.object({ modelId: modelName, champion, latestRun: modelRun.nullable() })) })
  .meta({ id: 'ModelList' });

/** Newest first. */
export const modelRunsQuery = z.strictObject({ limit: limit.default(100), cursor: cursor.optional() });

export const modelRunList = z
  .object({ modelId: modelName, items: z.array(modelRun), next })
  .meta({ id: 'ModelRunList' });

export const modelRunParams = z.strictObject({
  modelId: modelName,
  runId: z.string().regex(/^[A-Za-z0-9-]{1,63}$/, 'must be a run of this model'),
});

/** A version as people have to know it before they trust it. */
export const modelCard = z
  .object({
    modelId: modelName,
    serves: z.boolean(),
    run: modelRun,
    purpose: z.string(),
    inputs: z.string(),
    answers: z.string(),
    metrics: z.array(
      z.object({
        metric: z.string(),
        says: z.string(),
        guard: z.boolean().meta({ description: 'Must be surely better than that of the champion' }),
        value: z.number().nullable().meta({ description: 'Null where the run did not measure it' }),
      }),
    ),
    limits: z.array(z.string()),
  })
  .meta({ id: 'ModelCard' });

export const promotionRequest = z
  .strictObject({ runId: z.string().regex(/^[A-Za-z0-9-]{1,63}$/, 'must be a run of this model') })
  .meta({ id: 'PromotionRequest' });

/** Started, not done: the endpoint shifts its traffic first, and goes back if its alarms ring. */
export const promotionStarted = z
  .object({ modelId: modelName, runId: z.string(), execution: z.string() })
  .meta({ id: 'PromotionStarted' });
