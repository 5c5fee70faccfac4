import * as z from 'zod';
import { id } from '../api/values.ts';

/** Models there are; each has a container in `models/<name>`. */
export const MODELS = ['forecast', 'anomaly'] as const;
export const modelName = z.enum(MODELS);
export type ModelName = z.infer<typeof modelName>;

/** Values as SageMaker passes them. */
export const hyperparameters = z.record(z.string().regex(/^[A-Za-z0-9_-]{1,64}$/), z.string().max(200));
export type Hyperparameters = z.infer<typeof hyperparameters>;

/** What starts the training machine. */
export const trainingRequest = z.object({
  model: modelName,
  reason: z.enum(['schedule', 'drift', 'operator', 'labels']),
  budgetMinutes: z.number().int().min(1).max(1440).default(30),
  /** In place of the candidates that the platform tries by itself. */
  candidates: z.array(hyperparameters).min(1).max(50).optional(),
});
export type TrainingRequest = z.infer<typeof trainingRequest>;

/** Steps of a training, and of a promotion, in their order. */
export const TRAINING_STEPS = ['data', 'backtests', 'candidate', 'gate'] as const;
export type TrainingStep = (typeof TRAINING_STEPS)[number];
export const PROMOTION_STEPS = ['version', 'canary', 'serves'] as const;
export type PromotionStep = (typeof PROMOTION_STEPS)[number];

const plannedRuns = z.int().positive().nullable().default(null);

const s3Uri = z.string().regex(/^s3:\/\/[a-z0-9.-]+\/.+/);

/** One training job: a candidate on the data before a cutoff, measured on what came after. */
export const plannedJob = z.object({
  jobName: z.string().regex(/^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}$/),
  planId: z.string(),
  kind: z.enum(['backtest', 'final']),
  fold: z.number().int().min(0),
  plannedRuns,
  hyperparameters,
  train: s3Uri,
  validation: s3Uri,
  output: s3Uri,
  maxRuntimeSeconds: z.number().int().positive(),
});
export type PlannedJob = z.infer<typeof plannedJob>;

/** What the runs of a plan learn from, up to their holdout. */
export const trainedOn = z
  .object({
    from: z.iso.datetime(),
    to: z.iso.datetime(),
    series: z.int().min(0).meta({ description: 'Meters or entities' }),
    labels: z.int().min(0).meta({ description: 'Spans that people labelled' }),
  })
  .meta({ id: 'TrainedOn' });
export type TrainedOn = z.infer<typeof trainedOn>;

export const trainingPlan = z.object({
  planId: z.string(),
  model: modelName,
  dataVersion: z.string(),
  /** Null where there is too little. */
  trainedOn: trainedOn.nullable(),
  /** 0 where there is too little data to learn from. */
  jobCount: z.number().int().min(0),
  jobs: z.array(plannedJob),
  /** The held-out week on which the best candidate meets the champion. */
  holdout: z.object({ train: s3Uri, validation: s3Uri }).nullable(),
  maxRuntimeSeconds: z.number().int().positive(),
});
export type TrainingPlan = z.infer<typeof trainingPlan>;

export const gateDecision = z.object({
  passed: z.boolean(),
  reason: z.string(),
  blocks: z.number().int(),
  comparisons: z.array(
    z.object({
      metric: z.string(),
      champion: z.number(),
      challenger: z.number(),
      differenceAtMost: z.number(),
      better: z.boolean(),
    }),
  ),
});

/** One training run as it is kept: what was tried, on what, and what came of it. */
export const modelRun = z
  .object({
    model: modelName,
    runId: z.string(),
    planId: z.string(),
    kind: z.enum(['backtest', 'final']),
    fold: z.number().int().min(0),
    plannedRuns: plannedRuns.meta({ description: 'Runs of the whole training; null of runs before it was kept' }),
    status: z.enum(['completed', 'failed']),
    hyperparameters,
    dataVersion: z.string(),
    trainedOn: trainedOn.nullable().default(null).meta({ description: 'Null of runs before it was kept' }),
    metrics: z.record(z.string(), z.number()),
    artefact: z.string().nullable(),
    startedAt: z.iso.datetime(),
    trainingSeconds: z.number().nullable(),
    failure: z.string().nullable(),
    packageArn: z.string().nullable(),
    decision: gateDecision
      .nullable()
      .meta({ description: 'What the gate decided; null where the run never came before it' }),
    promotedAt: z.iso.datetime().nullable(),
  })
  .meta({ id: 'ModelRun' });
export type ModelRun = z.infer<typeof modelRun>;

/** Who serves, and who did before: a rollback goes there. */
const served = { runId: id, modelDataUrl: s3Uri, packageArn: z.string().nullable() };
export const champion = z.object({ ...served, previous: z.object(served).nullable() });
export type Champion = z.infer<typeof champion>;
