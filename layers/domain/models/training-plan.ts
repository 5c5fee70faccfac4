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

/** Backtests side by side, as the machine runs them; then the final. */
const AT_ONCE = 2;
/** A job with less time than this is hardly begun. [proposed] */
const LEAST_SECONDS = 60;

/** Name of the plan of a run of the training machine: begins with the start, so that plans and their runs sort by time. */
export const planIdOf = ({ execution, startedAt }: Pick<TrainingAsked, 'execution' | 'startedAt'>): string =>
  `${startedAt.slice(0, 19).replaceAll(/[-:]/g, '')}-${suffixOf(execution)}`;

/** Whether a plan is that of a run of the training machine. */
export const isPlanOf = (planId: string, execution: string): boolean => planId.endsWith(`-${suffixOf(execution)}`);

const suffixOf = (execution: string): string => createHash('sha256').update(execution).digest('hex').slice(0, 8);

/**
 * Jobs that backtest the candidates, as many as the budget has time for, on every fold but the newest, which is the holdout. Asked again, the same plan comes out.
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
  // The budget is of the whole machine: what does not fit is not tried, the first come first.
  const turnsOf = (count: number): number => Math.ceil((count * ((data?.folds ?? 1) - 1)) / AT_ONCE) + 1;
  let tried = candidates.length;
  while (tried > 1 && turnsOf(tried) * LEAST_SECONDS > budgetMinutes * 60) tried -= 1;
  const backtests = data ? tried * (data.folds - 1) : 0;
  const maxRuntimeSeconds = Math.floor((budgetMinutes * 60) / turnsOf(tried));
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
    candidates.slice(0, tried).map(
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
