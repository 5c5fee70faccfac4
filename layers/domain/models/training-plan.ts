import { createHash } from 'node:crypto';
import type {
  Hyperparameters,
  ModelName,
  PlannedJob,
  TrainedOn,
  TrainingPlan,
} from '../../contracts/models/learning.ts';

/** What a run of the training machine asks for; `execution` is the machine's own id of the run. */
export interface TrainingAsked {
  model: ModelName;
  execution: string;
  startedAt: string;
  budgetMinutes: number;
  candidates: readonly Hyperparameters[];
}

/** Name of the plan of a run of the training machine: begins with the start, so that plans and their runs sort by time. */
export function planIdOf({ execution, startedAt }: Pick<TrainingAsked, 'execution' | 'startedAt'>): string {
  const suffix = createHash('sha256').update(execution).digest('hex').slice(0, 8);
  return `${startedAt.slice(0, 19).replaceAll(/[-:]/g, '')}-${suffix}`;
}

/**
 * Jobs that backtest every candidate on every fold but the newest, which is the holdout. Asked again, the same plan comes out.
 * @param data where the folds lie; null: too little to learn from.
 */
export function trainingPlan(
  { model, execution, startedAt, budgetMinutes, candidates }: TrainingAsked,
  data: {
    dataVersion: string;
    trainedOn: TrainedOn;
    folds: number;
    uri: (fold: number, part: 'train' | 'validation') => string;
    output: string;
  } | null,
): TrainingPlan {
  const planId = planIdOf({ execution, startedAt });
  const backtests = data ? candidates.length * (data.folds - 1) : 0;
  // The budget is of the whole machine: backtests side by side two by two, then the final.
  const maxRuntimeSeconds = Math.max(60, Math.floor((budgetMinutes * 60) / (Math.ceil(backtests / 2) + 1)));
  if (!data)
    return {
      planId,
      model,
      dataVersion: 'none',
      trainedOn: null,
      jobCount: 0,
      jobs: [],
      holdout: null,
      maxRuntimeSeconds,
    };
  const { dataVersion, trainedOn, folds, uri, output } = data;
  const jobs = Array.from({ length: folds - 1 }, (_, fold) => fold).flatMap((fold) =>
    candidates.map(
      (hyperparameters, index): PlannedJob => ({
        jobName: `${model}-${planId}-c${index}-f${fold}`,
        planId,
        kind: 'backtest',
        fold,
        plannedRuns: backtests + 1,
        hyperparameters,
        train: uri(fold, 'train'),
        validation: uri(fold, 'validation'),
        output,
        maxRuntimeSeconds,
      }),
    ),
  );
  const holdout = { train: uri(folds - 1, 'train'), validation: uri(folds - 1, 'validation') };
  return { planId, model, dataVersion, trainedOn, jobCount: jobs.length, jobs, holdout, maxRuntimeSeconds };
}
