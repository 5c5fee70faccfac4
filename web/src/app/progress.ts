import type { Answer } from './api.ts';

export type Training = NonNullable<Answer<'getModelProgress'>['training']>;
export type Promotion = NonNullable<Answer<'getModelProgress'>['promotion']>;

/** Where a step of a track stands; `stopped`: it ended here as it should, without going on. */
export type StepState = 'done' | 'running' | 'stopped' | 'failed' | 'ahead';

export interface Step {
  label: string;
  state: StepState;
  note: string;
}

export interface Track {
  /** What goes on, or how it ended, in a few words. */
  word: string;
  state: StepState;
  /** Why, where there is a reason to tell. */
  reason: string | null;
  steps: readonly Step[];
}

const TRAINING_LABELS = { data: 'Data', backtests: 'Backtests', candidate: 'Candidate', gate: 'Gate' } as const;
const PROMOTION_LABELS = { version: 'Version', canary: 'Canary', serves: 'Serves' } as const;

const TRAINING_ENDS = {
  running: { word: 'training', state: 'running' },
  passed: { word: 'passed the gate', state: 'done' },
  'kept-back': { word: 'kept back by the gate', state: 'stopped' },
  'nothing-to-learn': { word: 'too little to learn from', state: 'stopped' },
  failed: { word: 'training failed', state: 'failed' },
} as const satisfies Record<Training['outcome'], object>;

const PROMOTION_ENDS = {
  running: { word: 'taking over', state: 'running' },
  promoted: { word: 'took over', state: 'done' },
  'rolled-back': { word: 'rolled back', state: 'failed' },
  failed: { word: 'never began', state: 'failed' },
} as const satisfies Record<Promotion['outcome'], object>;

const stepsOf = <Name extends string>(
  labels: Readonly<Record<Name, string>>,
  at: Name,
  here: StepState,
  noteOf: (name: Name) => string,
): Step[] => {
  const names = Object.keys(labels) as Name[];
  const place = names.indexOf(at);
  return names.map((name, index) => ({
    label: labels[name],
    state: index < place ? 'done' : index === place ? here : 'ahead',
    note: index > place ? '' : noteOf(name),
  }));
};

/** Backtests that have ended, of all that are planned; the last run of a plan is the candidate's. */
const backtestNote = ({ runsDone, runsPlanned, runId }: Training): string => {
  const done = runId === null ? runsDone : runsDone - 1;
  return runsPlanned === null ? (done === 0 ? 'the first one' : `${done}`) : `${done} of ${runsPlanned - 1}`;
};

/** Id of a run without what all runs of the model have in common. */
export const shortRun = (runId: string): string => runId.replace(/^.*?-(\d{8}T\d{6}-)/, '$1');

export const trainingTrack = (training: Training): Track => {
  const { outcome, step, decision, failure } = training;
  const end = TRAINING_ENDS[outcome];
  const notes = {
    data: outcome === 'nothing-to-learn' ? 'too few weeks of readings' : '',
    backtests: backtestNote(training),
    candidate: outcome === 'failed' && step === 'candidate' ? 'failed' : 'the best of them',
    gate: decision ? (decision.passed ? 'surely better' : 'not surely better') : '',
  };
  return {
    ...end,
    reason: failure ?? decision?.reason ?? null,
    steps: stepsOf(TRAINING_LABELS, step, end.state, (name) => notes[name]),
  };
};

/** By which alarm a version went back, as the alarms of a model are named. */
const ALARMS = [
  [/Slow/, 'It answered too slowly, and its alarm called it back.'],
  [/Fails/, 'It failed on requests, and its alarm called it back.'],
  [/Invalid/, 'It answered what is no answer, and its alarm called it back.'],
] as const;

export const promotionTrack = ({ outcome, step, failure }: Promotion): Track => {
  const end = PROMOTION_ENDS[outcome];
  const alarm = failure?.match(/alarm/i) ? ALARMS.find(([pattern]) => pattern.test(failure)) : undefined;
  const notes = {
    version: outcome === 'failed' ? 'could not be made' : '',
    canary:
      outcome === 'rolled-back'
        ? 'went back'
        : outcome === 'running'
          ? 'half of the traffic'
          : 'its alarms stayed quiet',
    serves: '',
  };
  return {
    ...end,
    reason: alarm?.[1] ?? failure,
    steps: stepsOf(PROMOTION_LABELS, step, end.state, (name) => notes[name]),
  };
};
