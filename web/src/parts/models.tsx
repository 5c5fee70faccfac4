import { useState } from 'preact/hooks';
import type { Answer } from '../app/api.ts';
import { useAction, useAnswer, useGroups } from '../app/data.ts';
import { plainNumber, threeDigits } from '../app/numbers.ts';
import { ageName, fullDay, shortTime } from '../app/times.ts';
import { Dialog, DialogEnd } from '../frame/Dialog.tsx';
import { Failures, Panel } from './pieces.tsx';
import { Status } from './status.tsx';

export type Model = Answer<'listModels'>['items'][number];
export type Run = Answer<'listModelRuns'>['items'][number];

export const figures = (metrics: Readonly<Record<string, number>>): string =>
  Object.entries(metrics)
    .map(([name, amount]) => `${name} ${plainNumber(amount)}`)
    .join(' · ');

/** What the gate compared on the held-out week, metric by metric. */
const Gate = ({ decision }: { decision: NonNullable<Run['decision']> }) => (
  // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard (WCAG 2.1.1).
  <section class="scroll" tabIndex={0} aria-label="What the gate compared">
    <table>
      <thead>
        <tr>
          <th>Loss over {decision.blocks} held-out days</th>
          <th class="num">Served then</th>
          <th class="num">This one</th>
          <th class="num">Change, at most</th>
          <th>Verdict</th>
        </tr>
      </thead>
      <tbody>
        {decision.comparisons.map((one) => (
          <tr key={one.metric}>
            <td>{one.metric}</td>
            <td class="num">{threeDigits(one.champion)}</td>
            <td class="num">{threeDigits(one.challenger)}</td>
            <td class="num">{threeDigits(one.differenceAtMost)}</td>
            <td>
              <Status name={one.better ? 'normal' : 'warn'} word={one.better ? 'surely better' : 'not surely better'} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  </section>
);

/** Runs side by side: what differs between them and how they did, and what the gate said of the first. */
export const Comparison = ({ runs }: { runs: readonly Run[] }) => {
  const parameters = [...new Set(runs.flatMap((run) => Object.keys(run.hyperparameters)))].sort();
  const metrics = [...new Set(runs.flatMap((run) => Object.keys(run.metrics)))].sort();
  const row = (label: string, show: (run: Run) => string) => (
    <tr key={label}>
      <td class="muted">{label}</td>
      {runs.map((run) => (
        <td key={run.runId} class="wrap tabular">
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
            {row('data', (run) => run.dataVersion)}
            {parameters.map((name) => row(name, (run) => run.hyperparameters[name] ?? '–'))}
            {metrics.map((name) =>
              row(name, (run) => (run.metrics[name] === undefined ? '–' : plainNumber(run.metrics[name]))),
            )}
            {row('gate', (run) => run.decision?.reason ?? run.failure ?? 'not judged')}
          </tbody>
        </table>
      </section>
      {runs.length === 1 && runs[0]?.kind === 'final' && <Described run={runs[0]} />}
      {runs.length === 1 && runs[0]?.decision && runs[0].decision.comparisons.length > 0 && (
        <Gate decision={runs[0].decision} />
      )}
    </Panel>
  );
};

const trainedOnName = ({ from, to, series, labels }: NonNullable<Run['trainedOn']>, zone: string): string =>
  `${fullDay(Date.parse(from), zone)} to ${fullDay(Date.parse(to), zone)} of ${series} series${
    labels === 0 ? '' : `, ${labels} labelled spans`
  }`;

/** What a version is for, how it was measured, and where it ends. */
const Described = ({ run }: { run: Run }) => {
  const asked = useAnswer('getModelCard', { params: { modelId: run.model, runId: run.runId } });
  const card = asked.data;
  if (!card) return <Failures asked={[asked]} subject="The rest of this card" />;
  return (
    <>
      <div class="body prose">
        <p>{card.purpose}</p>
        <p class="muted">Asked with: {card.inputs}</p>
        <p class="muted">Answers: {card.answers}</p>
        <ul>
          {card.limits.map((limit) => (
            <li key={limit}>{limit}</li>
          ))}
        </ul>
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard (WCAG 2.1.1). */}
      <section class="scroll" tabIndex={0} aria-label="How it was measured">
        <table>
          <thead>
            <tr>
              <th>Measured on what it never saw</th>
              <th class="num">Figure</th>
              <th>Decides</th>
            </tr>
          </thead>
          <tbody>
            {card.metrics.map((one) => (
              <tr key={one.metric}>
                <td class="wrap">{one.says}</td>
                <td class="num">{one.value === null ? 'not measured' : plainNumber(one.value)}</td>
                <td>{one.guard ? 'must be surely better to take over' : ''}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </>
  );
};

/** The card of what serves, from what is on record of it; there may be no record of what served long ago. */
export const ModelCard = (props: { model: Model; now: number; zone: string }) => {
  const { model, now, zone } = props;
  const administers = useGroups('admin');
  const rollBack = useAction('rollBackModel');
  const [asking, setAsking] = useState(false);
  const { champion } = model;
  const asked = useAnswer('getModelCard', { params: { modelId: model.modelId, runId: champion.runId } });
  const run = asked.data?.run;
  const isSeed = champion.runId.startsWith('seed-');
  return (
    <Panel
      title={`Model card: ${model.modelId}`}
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
          {run ? (
            <>
              <dt>Trained</dt>
              <dd>
                {isSeed ? 'before delivery: the packaged seed' : shortTime(Date.parse(run.startedAt), now, zone)}
                {run.trainingSeconds !== null && `, in ${ageName(run.trainingSeconds * 1000)}`}
              </dd>
              <dt>On data</dt>
              <dd>
                {run.dataVersion}
                {run.trainedOn && `, ${trainedOnName(run.trainedOn, zone)}`}
              </dd>
              {Object.entries(run.hyperparameters).map(([name, value]) => (
                <>
                  <dt>{name}</dt>
                  <dd>{value}</dd>
                </>
              ))}
              <dt>Gate</dt>
              <dd>{run.decision?.reason ?? (isSeed ? 'none: nothing served before it' : 'not judged')}</dd>
            </>
          ) : (
            <Failures asked={[asked]} subject="The record of this version" />
          )}
          <dt>Served before</dt>
          <dd>{champion.previous?.runId ?? 'nothing'}</dd>
        </dl>
      </div>
      {run && <Described run={run} />}
      {run?.decision && run.decision.comparisons.length > 0 && <Gate decision={run.decision} />}
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
            <DialogEnd error={rollBack.error} close={() => setAsking(false)} busy={rollBack.busy} verb="Roll back" />
          </form>
        </Dialog>
      )}
    </Panel>
  );
};
