import { modelRoutes } from '../../../functions/api/models/model-routes.ts';
import { modelCard } from '../../../layers/contracts/api/models.ts';
import { MODELS, type ModelRun } from '../../../layers/contracts/models/learning.ts';
import { guardsOf } from '../../../layers/domain/models/guards.ts';
import { ApiProblem } from '../../../layers/runtime/api-problem.ts';

const run = (runId: string, over: Partial<ModelRun> = {}): ModelRun => ({
  model: 'forecast',
  runId,
  planId: 'p',
  kind: 'final',
  fold: 2,
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

function stage(runs: readonly ModelRun[], previous: { runId: string; modelDataUrl: string; packageArn: null } | null) {
  const started: unknown[] = [];
  const routes = modelRoutes({
    runs: {
      find: async (_, runId) => runs.find((each) => each.runId === runId),
      list: async ({ limit, before }) =>
        runs.filter(({ runId }) => before === undefined || runId < before).slice(0, limit),
    },
    champions: { find: async () => ({ runId: 'seed', modelDataUrl: 's3://b/s', packageArn: null, previous }) },
    championParameter: (model) => `/champions/${model}`,
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
