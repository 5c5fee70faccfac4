import { useEffect, useState } from 'preact/hooks';
import { liveMs, useAction, useAnswer, useGroups } from '../app/data.ts';
import { link, setState, usePlace } from '../app/location.ts';
import { threeDigits } from '../app/numbers.ts';
import { useRange } from '../app/range.ts';
import { shortTime } from '../app/times.ts';
import { type Column, List } from '../parts/list.tsx';
import { Comparison, figures, ModelCard, type Run } from '../parts/models.tsx';
import { Failures, PageHead, Skeleton } from '../parts/pieces.tsx';
import { Progress } from '../parts/progress.tsx';
import { Status, type StatusName } from '../parts/status.tsx';

/** While something is under way people watch it. ms */
const WHILE_IT_RUNS_MS = 3_000;

const stateOf = (run: Run, championId: string | undefined): { name: StatusName; word: string } => {
  if (run.runId === championId) return { name: 'normal', word: 'serves' };
  if (run.status === 'failed') return { name: 'high', word: 'failed' };
  if (run.decision?.passed) return { name: 'normal', word: 'passed the gate' };
  if (run.decision) return { name: 'warn', word: 'kept back by the gate' };
  return { name: 'missing', word: run.kind === 'backtest' ? 'backtest' : 'not judged' };
};

export const ModelsPage = () => {
  const { now, zone } = useRange();
  const { query } = usePlace();
  const administers = useGroups('admin');
  const models = useAnswer('listModels', {}, liveMs);
  const asked = query.get('model');
  const model = models.data?.items.find(({ modelId }) => modelId === asked) ?? models.data?.items[0];
  const [quick, setQuick] = useState(false);
  const often = quick ? WHILE_IT_RUNS_MS : liveMs;
  const ofModel = model ? { params: { modelId: model.modelId } } : undefined;
  const progress = useAnswer('getModelProgress', ofModel, often);
  const runs = useAnswer('listModelRuns', ofModel && { ...ofModel, query: { limit: 1000 } }, often);
  const running = [progress.data?.training, progress.data?.promotion].some((one) => one?.outcome === 'running');
  useEffect(() => setQuick(running), [running]);
  const promote = useAction('promoteModel');
  const chosen = (query.get('runs') ?? '').split('~').filter(Boolean);
  const picked = runs.data?.items.filter(({ runId }) => chosen.includes(runId)) ?? [];
  const candidate = picked.length === 1 && picked[0]?.decision?.passed ? picked[0] : undefined;
  const columns: readonly Column<Run>[] = [
    {
      label: 'Run',
      plain: (r) => r.runId,
      show: (r) => (
        <span title={r.runId}>
          {chosen.includes(r.runId) && (
            <>
              ✓ <span class="visually-hidden">chosen: </span>
            </>
          )}
          {r.runId.replace(/^.*?-\d{8}T\d{6}-/, '')}
        </span>
      ),
    },
    {
      label: 'State',
      plain: (r) => stateOf(r, model?.champion.runId).word,
      show: (r) => <Status {...stateOf(r, model?.champion.runId)} />,
    },
    { label: 'Started', plain: (r) => r.startedAt, show: (r) => shortTime(Date.parse(r.startedAt), now, zone) },
    { label: 'Figures', wide: true, plain: (r) => figures(r.metrics), show: (r) => figures(r.metrics) },
    {
      label: 'Seconds',
      numeric: true,
      wide: true,
      plain: (r) => r.trainingSeconds,
      show: (r) => (r.trainingSeconds === null ? '–' : threeDigits(r.trainingSeconds)),
    },
  ];
  const toggled = (runId: string): string =>
    (chosen.includes(runId) ? chosen.filter((one) => one !== runId) : [...chosen, runId].slice(-4)).join('~');
  return (
    <>
      <PageHead
        title="Models"
        note="what serves, what was tried, and what the gate decided; choose up to four runs to compare them"
      />
      <Failures asked={[models, progress, runs]} subject="A part of this page" />
      {models.data && models.data.items.length > 1 && (
        <fieldset class="group" aria-label="Model">
          {models.data.items.map(({ modelId }) => (
            <button
              type="button"
              key={modelId}
              class="button"
              aria-pressed={modelId === model?.modelId}
              onClick={() => setState({ model: modelId, runs: null })}
            >
              {modelId}
            </button>
          ))}
        </fieldset>
      )}
      {progress.data ? <Progress progress={progress.data} now={now} zone={zone} /> : <Skeleton height={180} />}
      {model ? <ModelCard key={model.modelId} model={model} now={now} zone={zone} /> : <Skeleton height={120} />}
      {picked.length > 0 && <Comparison runs={picked} />}
      {administers && candidate && candidate.runId !== model?.champion.runId && (
        <div class="notice">
          <span>
            {candidate.runId} passed the gate. Promoting puts it behind the endpoint step by step; its alarms roll it
            back.
            {promote.error && ` ${promote.error.message}`}
          </span>
          <button
            type="button"
            class="button"
            disabled={promote.busy}
            onClick={() => void promote.run({ params: { modelId: candidate.model }, body: { runId: candidate.runId } })}
          >
            Promote
          </button>
        </div>
      )}
      {runs.data ? (
        <List
          name="runs"
          title="Runs"
          rows={runs.data.items}
          keyOf={(r) => r.runId}
          hrefOf={(r) => link('/models', { model: r.model, runs: toggled(r.runId) || null })}
          columns={columns}
          filter
          empty={
            <>
              Nothing has been trained here yet; the packaged seed model serves.{' '}
              <code>npm run grid -- train {model?.modelId ?? 'forecast'}</code> starts.
            </>
          }
        />
      ) : (
        <Skeleton height={320} />
      )}
    </>
  );
};
