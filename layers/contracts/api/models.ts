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

export const promotionRequest = z
  .strictObject({ runId: z.string().regex(/^[A-Za-z0-9-]{1,63}$/, 'must be a run of this model') })
  .meta({ id: 'PromotionRequest' });

/** Started, not done: the endpoint shifts its traffic first, and goes back if its alarms ring. */
export const promotionStarted = z
  .object({ modelId: modelName, runId: z.string(), execution: z.string() })
  .meta({ id: 'PromotionStarted' });
