import type { PromotionProgress, TrainingProgress } from '../../contracts/api/models.ts';
import type { ModelName, ModelRun, PromotionStep, TrainingStep } from '../../contracts/models/learning.ts';
import { isPlanOf } from './training-plan.ts';

/** One run of a state machine. */
export interface MachineRun {
  name: string;
  status: 'running' | 'succeeded' | 'failed';
  startedAt: string;
  endedAt: string | null;
  input: unknown;
  /** Name of the failure; null where there is none. */
  error: string | null;
  cause: string | null;
  /** State that it entered last; null once it has ended. */
  state: string | null;
}

/** Runs of state machines. */
export interface MachineRuns {
  /** The one that started last; undefined before the first. */
  newest(machine: string): Promise<MachineRun | undefined>;
}

/** What each state of the training machine is a part of. */
export const TRAINING_STATES: Readonly<Record<string, TrainingStep>> = {
  PrepareTraining: 'data',
  HasEnoughData: 'data',
  NothingToLearnFrom: 'data',
  Backtest: 'backtests',
  BacktestCandidate: 'backtests',
  RecordBacktest: 'backtests',
  RecordFailedBacktest: 'backtests',
  ChooseCandidate: 'backtests',
  CandidateFound: 'backtests',
  NoCandidate: 'backtests',
  TrainCandidate: 'candidate',
  RecordFailedCandidate: 'candidate',
  CandidateFailed: 'candidate',
  RecordCandidate: 'candidate',
  JudgeCandidate: 'gate',
  PassedTheGate: 'gate',
  ChampionStays: 'gate',
  StartPromotion: 'gate',
};

/** What each state of the promotion machine is a part of. */
export const PROMOTION_STATES: Readonly<Record<string, PromotionStep>> = {
  FindChampion: 'version',
  NameVersion: 'version',
  CreateModel: 'version',
  CreateEndpointConfig: 'version',
  UpdateEndpoint: 'version',
  WaitForEndpoint: 'canary',
  LookAtEndpoint: 'canary',
  HasSettled: 'canary',
  RejectVersion: 'canary',
  MarkRejected: 'canary',
  RolledBack: 'canary',
  KeepChampion: 'serves',
  RecordPromotion: 'serves',
  IsRegistered: 'serves',
  ApproveVersion: 'serves',
  Promoted: 'serves',
};

/** Error by which the promotion machine says that the endpoint serves the version before. */
const ROLLED_BACK = 'RolledBack';

/** @param runs of the model, of this training or not. */
export function trainingProgress(model: ModelName, machine: MachineRun, runs: readonly ModelRun[]): TrainingProgress {
  const own = runs.filter((run) => run.model === model && isPlanOf(run.planId, machine.name));
  const final = own.find(({ kind }) => kind === 'final');
  const { startedAt, endedAt } = machine;
  return {
    startedAt,
    endedAt,
    ...reached(machine, own.length, final),
    runsDone: own.length,
    runsPlanned: own.find(({ plannedRuns }) => plannedRuns !== null)?.plannedRuns ?? null,
    runId: final?.runId ?? null,
    decision: final?.decision ?? null,
    failure: machine.error === null ? null : (final?.failure ?? machine.cause ?? machine.error),
  };
}

function reached(
  machine: MachineRun,
  runs: number,
  final: ModelRun | undefined,
): Pick<TrainingProgress, 'outcome' | 'step'> {
  // What is on record says how far it came, where the machine itself no longer does.
  const far: TrainingStep = final
    ? final.status === 'failed'
      ? 'candidate'
      : 'gate'
    : runs > 0
      ? 'backtests'
      : 'data';
  if (machine.status === 'running') return { outcome: 'running', step: TRAINING_STATES[machine.state ?? ''] ?? far };
  if (machine.status === 'failed') return { outcome: 'failed', step: far };
  if (!final) return { outcome: 'nothing-to-learn', step: 'data' };
  return { outcome: final.decision?.passed ? 'passed' : 'kept-back', step: 'gate' };
}

/** @param endpointFailure why the endpoint went back, if it says so. */
export function promotionProgress(machine: MachineRun, endpointFailure: string | null): PromotionProgress {
  const { startedAt, endedAt, status, state, error, cause } = machine;
  const { runId } = machine.input as { runId: string };
  const common = { runId, startedAt, endedAt };
  if (status === 'running')
    return { ...common, outcome: 'running', step: PROMOTION_STATES[state ?? ''] ?? 'version', failure: null };
  if (status === 'succeeded') return { ...common, outcome: 'promoted', step: 'serves', failure: null };
  if (error !== ROLLED_BACK) return { ...common, outcome: 'failed', step: 'version', failure: cause ?? error };
  return { ...common, outcome: 'rolled-back', step: 'canary', failure: endpointFailure ?? cause };
}
