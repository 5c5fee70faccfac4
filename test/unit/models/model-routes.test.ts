import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { modelRoutes } from '../../../functions/api/models/model-routes.ts';
import { modelCard, modelProgress } from '../../../layers/contracts/api/models.ts';
import { MODELS, type ModelRun } from '../../../layers/contracts/models/learning.ts';
import { guardsOf } from '../../../layers/domain/models/guards.ts';
import { type MachineRun, PROMOTION_STATES, TRAINING_STATES } from '../../../layers/domain/models/progress.ts';
import { planIdOf } from '../../../layers/domain/models/training-plan.ts';
import { ApiProblem } from '../../../layers/runtime/api-problem.ts';
import { statesOf } from '../../../local/stepfunctions/definition.ts';

const run = (runId: string, over: Partial<ModelRun> = {}): ModelRun => ({
  model: 'forecast',
  runId,
  planId: 'p',
  kind: 'final',
  fold: 2,
  plannedRuns: 9,
  status: 'completed',
  hyperparameters: {},
  dataVersion: 'd',
  trainedOn: null,
  metrics: {},
  artefact: 's3://b/a',
  startedAt: '2026-01-01T00:00:00.000Z',
  trainingSeconds: 1,
  failure: null,
  packageArn: 'arn:package/1',
  decision: { passed: true, reason: 'better', blocks: 7, comparisons: [] },
  promotedAt: null,
  ...over,
});

function stage(
  runs: readonly ModelRun[],
  previous: { runId: string; modelDataUrl: string; packageArn: null } | null,
  machines: Readonly<Record<string, MachineRun>> = {},
) {
  const started: unknown[] = [];
  const routes = modelRoutes({
    runs: {
      find: async (_, runId) => runs.find((each) => each.runId === runId),
      list: async ({ limit, before }) =>
        runs.filter(({ runId }) => before === undefined || runId < before).slice(0, limit),
    },
    champions: { find: async () => ({ runId: 'seed', modelDataUrl: 's3://b/s', packageArn: null, previous }) },
    championParameter: (model) => `/champions/${model}`,
    machines: { newest: async (machine) => machines[machine] },
    endpointFailure: async (endpoint) => `Alarm Slow of ${endpoint} went into ALARM`,
    resources: {
      forecast: { training: 'trains', promotion: 'promotes', endpoint: 'forecasts' },
      anomaly: { training: 'none', promotion: 'none', endpoint: 'anomalies' },
    },
    promotion: {
      start: async (promotion) => {
        started.push(promotion);
        return promotion.execution;
      },
    },
  });
  const ask = (id: keyof typeof routes, request: object) =>
    (routes[id] as (request: object) => Promise<unknown>)({
      params: { modelId: 'forecast' },
      correlationId: 'c1',
      ...request,
    });
  return { started, ask };
}

test('only what passed the gate is promoted', async () => {
  const { started, ask } = stage(
    [
      run('good'),
      run('worse', { decision: { passed: false, reason: 'not surely better on error', blocks: 7, comparisons: [] } }),
      run('backtest', { decision: null, packageArn: null }),
    ],
    null,
  );
  const promote = (runId: string) => ask('promoteModel', { body: { runId } });
  expect(await promote('nobody')).toMatchObject({ code: 'not-found' });
  expect(await promote('worse')).toMatchObject({
    code: 'conflict',
    detail: expect.stringContaining('not surely better'),
  });
  expect(await promote('backtest')).toMatchObject({ code: 'conflict' });
  expect(started).toEqual([]);
  expect(await promote('good')).toEqual({ modelId: 'forecast', runId: 'good', execution: 'c1' });
  expect(started).toEqual([
    { model: 'forecast', runId: 'good', packageArn: 'arn:package/1', modelDataUrl: 's3://b/a', execution: 'c1' },
  ]);
});

test('a rollback goes to who served before, and needs one', async () => {
  expect(await stage([], null).ask('rollBackModel', {})).toBeInstanceOf(ApiProblem);
  const { started, ask } = stage([], { runId: 'old', modelDataUrl: 's3://b/o', packageArn: null });
  expect(await ask('rollBackModel', {})).toMatchObject({ runId: 'old' });
  expect(started).toEqual([
    { model: 'forecast', runId: 'old', packageArn: null, modelDataUrl: 's3://b/o', execution: 'c1' },
  ]);
});

test('runs are paged, newest first', async () => {
  const { ask } = stage([run('c'), run('b'), run('a')], null);
  const first = (await ask('listModelRuns', { query: { limit: 2 } })) as { items: ModelRun[]; next: string };
  expect(first.items.map(({ runId }) => runId)).toEqual(['c', 'b']);
  const rest = (await ask('listModelRuns', { query: { limit: 2, cursor: first.next } })) as typeof first;
  expect([rest.items.map(({ runId }) => runId), rest.next]).toEqual([['a'], null]);
});

test.each(MODELS)(
  'the card of a version of %s says what its data and figures are, and names every guard',
  async (modelId) => {
    const [guard = ''] = guardsOf(modelId);
    const trainedOn = { from: '2025-01-01T00:00:00.000Z', to: '2026-01-01T00:00:00.000Z', series: 40, labels: 3 };
    const { ask } = stage([run('one', { metrics: { [guard]: 0.2 }, trainedOn }), run('seed')], null);
    const params = (runId: string) => ({ params: { modelId, runId } });
    const card = modelCard.parse(await ask('getModelCard', params('one')));
    expect(card).toMatchObject({ modelId, serves: false, run: { trainedOn } });
    const guards = card.metrics.filter((each) => each.guard);
    expect(guards.map(({ metric }) => metric)).toEqual([...guardsOf(modelId)]);
    expect(guards.map(({ value }) => value)).toEqual([0.2, ...guards.slice(1).map(() => null)]);
    expect(card.limits.length).toBeGreaterThan(1);
    expect(await ask('getModelCard', params('seed'))).toMatchObject({ serves: true });
    expect(await ask('getModelCard', params('other'))).toMatchObject({ code: 'not-found' });
  },
);

describe('progress', () => {
  const machine = (over: Partial<MachineRun> = {}): MachineRun => ({
    name: 'e1',
    status: 'running',
    startedAt: '2026-01-01T00:00:00.000Z',
    endedAt: null,
    input: { runId: 'forecast-new' },
    error: null,
    cause: null,
    state: null,
    ...over,
  });
  const planId = planIdOf({ execution: 'e1', startedAt: '2026-01-01T00:00:01.500Z' });
  const backtest = (name: string, over: Partial<ModelRun> = {}) =>
    run(`forecast-${planId}-${name}`, { planId, kind: 'backtest', decision: null, packageArn: null, ...over });
  const final = (over: Partial<ModelRun> = {}) => run(`forecast-${planId}-final`, { planId, ...over });
  const progressOf = async (runs: readonly ModelRun[], machines: Readonly<Record<string, MachineRun>>) =>
    modelProgress.parse(await stage(runs, null, machines).ask('getModelProgress', {}));

  test('before the first training there is none', async () => {
    expect(await progressOf([run('other')], {})).toEqual({ modelId: 'forecast', training: null, promotion: null });
  });

  test('a training counts its own runs, and says at which step it is', async () => {
    const runs = [run('other'), backtest('c0-f0'), backtest('c1-f0', { status: 'failed', failure: 'out of time' })];
    const { training } = await progressOf(runs, { trains: machine({ state: 'BacktestCandidate' }) });
    expect(training).toMatchObject({ step: 'backtests', outcome: 'running', runsDone: 2, runsPlanned: 9, runId: null });
    const judged = await progressOf([...runs, final({ decision: null })], {
      trains: machine({ state: 'JudgeCandidate' }),
    });
    expect(judged.training).toMatchObject({ step: 'gate', outcome: 'running', runId: `forecast-${planId}-final` });
  });

  test.each([
    ['passed', 'gate', [final()], {}],
    ['kept-back', 'gate', [final({ decision: { passed: false, reason: 'worse', blocks: 7, comparisons: [] } })], {}],
    ['nothing-to-learn', 'data', [], {}],
    ['failed', 'backtests', [backtest('c0-f0')], { status: 'failed', error: 'NoCandidate', cause: 'see the runs' }],
    [
      'failed',
      'candidate',
      [final({ status: 'failed', failure: 'out of time', decision: null })],
      { status: 'failed', error: 'CandidateFailed', cause: 'see its run' },
    ],
    ['failed', 'data', [], { status: 'failed', error: 'TIMED_OUT' }],
  ] as const)('it ended: %s at %s', async (outcome, step, runs, over) => {
    const endedAt = '2026-01-01T00:10:00.000Z';
    const { training } = await progressOf(runs, { trains: machine({ status: 'succeeded', endedAt, ...over }) });
    expect(training).toMatchObject({ outcome, step, endedAt });
    expect(training?.failure === null).toBe(outcome !== 'failed');
  });

  test.each([
    [{ state: 'CreateModel' }, { step: 'version', outcome: 'running', failure: null }],
    [{ state: 'LookAtEndpoint' }, { step: 'canary', outcome: 'running', failure: null }],
    [{ status: 'succeeded' }, { step: 'serves', outcome: 'promoted', failure: null }],
    [
      { status: 'failed', error: 'RolledBack', cause: 'the version before serves' },
      { step: 'canary', outcome: 'rolled-back', failure: 'Alarm Slow of forecasts went into ALARM' },
    ],
    [
      { status: 'failed', error: 'SageMaker.SageMakerException', cause: 'no such image' },
      { step: 'version', outcome: 'failed', failure: 'no such image' },
    ],
  ] as const)('a promotion with %j', async (over, expected) => {
    const { promotion } = await progressOf([], { promotes: machine(over) });
    expect(promotion).toMatchObject({ runId: 'forecast-new', ...expected });
  });

  test.each([
    ['train-model', TRAINING_STATES],
    ['promote-model', PROMOTION_STATES],
  ] as const)('every state of %s is a part of a step', (name, steps) => {
    const path = join(import.meta.dirname, `../../../state-machines/${name}/definition.asl.json`);
    const names = [...statesOf(JSON.parse(readFileSync(path, 'utf8')))].map(([state]) => state);
    expect(names.length).toBeGreaterThan(10);
    expect(Object.keys(steps).sort()).toEqual(names.sort());
  });
});
