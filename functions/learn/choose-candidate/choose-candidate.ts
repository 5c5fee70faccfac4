import * as z from 'zod';
import { modelRun, type PlannedJob, trainingPlan } from '../../../layers/contracts/models/learning.ts';
import { bestCandidate } from '../../../layers/domain/models/best-candidate.ts';
import { guardsOf } from '../../../layers/domain/models/guards.ts';
import type { TaskOutcome } from '../../../layers/runtime/task.ts';

export const choiceTask = z.object({ plan: trainingPlan, runs: z.array(modelRun) });

/** The job that trains the best candidate up to the held-out week; no job if none was measured on every fold. */
export function chooseCandidate({
  plan,
  runs,
}: z.infer<typeof choiceTask>): TaskOutcome<{ found: boolean; job: PlannedJob | null }> {
  const { planId, model, holdout, maxRuntimeSeconds } = plan;
  const folds = new Set(plan.jobs.map(({ fold }) => fold)).size;
  const best = bestCandidate({ runs, folds, metrics: guardsOf(model) });
  const [first] = plan.jobs;
  if (!best || !holdout || !first) return { output: { found: false, job: null }, counts: { CandidatesFound: 0 } };
  const job: PlannedJob = {
    jobName: `${model}-${planId}-final`,
    planId,
    kind: 'final',
    fold: folds,
    plannedRuns: first.plannedRuns,
    hyperparameters: best,
    train: holdout.train,
    validation: holdout.validation,
    output: first.output,
    maxRuntimeSeconds,
  };
  return { output: { found: true, job }, counts: { CandidatesFound: 1 } };
}
