import { useState } from 'preact/hooks';
import type { Answer } from '../app/api.ts';
import { liveMs, useAction, useAnswer, useGroups } from '../app/data.ts';
import { link, setState, usePlace } from '../app/location.ts';
import { threeDigits } from '../app/numbers.ts';
import { useRange } from '../app/range.ts';
import { shortTime } from '../app/times.ts';
import { Dialog } from '../frame/Dialog.tsx';
import { type Column, List } from '../parts/list.tsx';
import { Failures, PageHead, Panel, Skeleton } from '../parts/pieces.tsx';
import { Status, type StatusName } from '../parts/status.tsx';

type Model = Answer<'listModels'>['items'][number];
type Run = Answer<'listModelRuns'>['items'][number];

const stateOf = (run: Run, championId: string | undefined): { name: StatusName; word: string } => {
  if (run.runId === championId) return { name: 'normal', word: 'serves' };
  if (run.status === 'failed') return { name: 'high', word: 'failed' };
  if (run.decision?.passed) return { name: 'normal', word: 'passed the gate' };
  if (run.decision) return { name: 'warn', word: 'kept back by the gate' };
  return { name: 'missing', word: run.kind === 'backtest' ? 'backtest' : 'not judged' };
};

const figures = (metrics: Readonly<Record<string, number>>): string =>
  Object.entries(metrics)
    .map(([name, amount]) => `${name} ${threeDigits(amount)}`)
    .join(' · ');

/** Runs side by side: what differs between them and how they did, and what the gate said of the first. */
const Comparison = ({ runs }: { runs: readonly Run[] }) => {
  const parameters = [...new Set(runs.flatMap((run) => Object.keys(run.hyperparameters)))].sort();
  const metrics = [...new Set(runs.flatMap((run) => Object.keys(run.metrics)))].sort();
  const row = (label: string, show: (run: Run) => string, numeric: boolean) => (
    <tr key={label}>
      <td class="muted">{label}</td>
      {runs.map((run) => (
        <td key={run.runId} class={numeric ? 'num' : 'wrap'}>
          {show(run)}
        </td>
      ))}
    </tr>
  );
  return (
    <Panel title={runs.length === 1 ? 'The run' : 'Runs compared'}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard (WCAG 2.1.1). */}
      <section class="scroll" tabIndex={0} aria-label="Comparison of runs">
        <table>
          <thead>
            <tr>
              <th>Run</th>
              {runs.map((run) => (
                <th key={run.runId}>{run.runId}</th>
              ))}
            </tr>
          </thead>
          <tbody>
            {row('data', (run) => run.dataVersion, false)}
            {parameters.map((name) => row(name, (run) => run.hyperparameters[name] ?? '–', false))}
            {metrics.map((name) =>
              row(name, (run) => (run.metrics[name] === undefined ? '–' : threeDigits(run.metrics[name])), true),
            )}
            {row('gate', (run) => run.decision?.reason ?? run.failure ?? 'not judged', false)}
          </tbody>
        </table>
      </section>
    </Panel>
  );
};

const Serving = ({ model }: { model: Model }) => {
  const administers = useGroups('admin');
  const rollBack = useAction('rollBackModel');
  const [asking, setAsking] = useState(false);
  const { champion } = model;
  return (
    <Panel
      title={`Model ${model.modelId}`}
      actions={
        administers &&
        champion.previous && (
          <button type="button" class="button" onClick={() => setAsking(true)}>
            Roll back
          </button>
        )
      }
    >
      <div class="body">
        <dl class="facts">
          <dt>Serves</dt>
          <dd>{champion.runId}</dd>
          <dt>Served before</dt>
          <dd>{champion.previous?.runId ?? 'nothing'}</dd>
          <dt>Latest run</dt>
          <dd>{model.latestRun ? figures(model.latestRun.metrics) || model.latestRun.runId : 'none yet'}</dd>
        </dl>
      </div>
      {asking && (
        <Dialog label="Roll back" close={() => setAsking(false)}>
          <form
            class="form"
            onSubmit={async (event) => {
              event.preventDefault();
              if (await rollBack.run({ params: { modelId: model.modelId } })) setAsking(false);
            }}
          >
            <h2>Put {champion.previous?.runId} back</h2>
            <p>The endpoint shifts its traffic step by step and its alarms watch it; this takes some minutes.</p>
            {rollBack.error && <p role="alert">{rollBack.error.message}</p>}
            <footer>
              <button type="button" class="button" onClick={() => setAsking(false)}>
                Cancel
              </button>
              <button type="submit" class="button primary" disabled={rollBack.busy}>
                Roll back
              </button>
            </footer>
          </form>
        </Dialog>
      )}
    </Panel>
  );
};

export const ModelsPage = () => {
  const { now, zone } = useRange();
  const { query } = usePlace();
  const administers = useGroups('admin');
  const models = useAnswer('listModels', {}, liveMs);
  const asked = query.get('model');
  const model = models.data?.items.find(({ modelId }) => modelId === asked) ?? models.data?.items[0];
  const runs = useAnswer(
    'listModelRuns',
    model ? { params: { modelId: model.modelId }, query: { limit: 1000 } } : undefined,
    liveMs,
  );
  const promote = useAction('promoteModel');
  const chosen = (query.get('runs') ?? '').split('~').filter(Boolean);
  const picked = runs.data?.items.filter(({ runId }) => chosen.includes(runId)) ?? [];
  const candidate = picked.length === 1 && picked[0]?.decision?.passed ? picked[0] : undefined;
  const columns: readonly Column<Run>[] = [
    { label: 'Run', plain: (r) => r.runId, show: (r) => r.runId },
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
      <Failures asked={[models, runs]} subject="A part of this page" />
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
      {model ? <Serving model={model} /> : <Skeleton height={120} />}
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
