import * as z from 'zod';
import { champion, gateDecision, modelName, modelRun, PROMOTION_STEPS, TRAINING_STEPS } from '../models/learning.ts';
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

const span = {
  startedAt: z.iso.datetime(),
  endedAt: z.iso.datetime().nullable().meta({ description: 'Null while it runs' }),
  failure: z.string().nullable().meta({ description: 'Why it failed, or went back' }),
};

const trainingProgress = z.object({
  ...span,
  step: z.enum(TRAINING_STEPS).meta({ description: 'Where it is, or where it ended' }),
  outcome: z.enum(['running', 'passed', 'kept-back', 'nothing-to-learn', 'failed']),
  runsDone: z.int().min(0),
  runsPlanned: z.int().positive().nullable().meta({ description: 'Null until the first run has ended' }),
  runId: z.string().nullable().meta({ description: 'The candidate that came before the gate' }),
  decision: gateDecision.nullable(),
});
export type TrainingProgress = z.infer<typeof trainingProgress>;

const promotionProgress = z.object({
  ...span,
  runId: z.string(),
  step: z.enum(PROMOTION_STEPS).meta({ description: 'Where it is, or where it ended' }),
  outcome: z.enum(['running', 'promoted', 'rolled-back', 'failed']),
});
export type PromotionProgress = z.infer<typeof promotionProgress>;

/** The training and the promotion that began last, running or over. */
export const modelProgress = z
  .object({
    modelId: modelName,
    training: trainingProgress.nullable(),
    promotion: promotionProgress.nullable(),
  })
  .meta({ id: 'ModelProgress' });
