import type { Answer } from '../app/api.ts';
import { promotionTrack, type StepState, shortRun, type Track, trainingTrack } from '../app/progress.ts';
import { shortTime } from '../app/times.ts';
import { Panel } from './pieces.tsx';
import { Status, type StatusName } from './status.tsx';

const SHAPES: Readonly<Record<StepState, { name: StatusName; word: string }>> = {
  done: { name: 'normal', word: 'done' },
  running: { name: 'running', word: 'under way' },
  stopped: { name: 'warn', word: 'ended here' },
  failed: { name: 'high', word: 'failed here' },
  ahead: { name: 'ahead', word: 'not reached' },
};

const Lane = (props: { title: string; subject: string; span: string; track: Track }) => {
  const { title, subject, span, track } = props;
  return (
    <section class={`lane ${track.state}`} aria-label={title}>
      <header>
        <h3>{title}</h3>
        <Status name={SHAPES[track.state].name} word={track.word} />
        <span class="muted tabular">{span}</span>
      </header>
      <ol class="steps">
        {track.steps.map(({ label, state, note }) => (
          <li key={label} class={state} aria-current={state === 'running' ? 'step' : undefined}>
            <Status name={SHAPES[state].name} word={label} />
            <span class="visually-hidden">: {SHAPES[state].word}</span>
            <span class="muted tabular">{note}</span>
          </li>
        ))}
      </ol>
      <p class="muted">
        {subject}
        {track.reason && <span class="reason">{track.reason}</span>}
      </p>
    </section>
  );
};

/** Where the newest training and the newest promotion are: what runs, what the gate said, what went back and why. */
export const Progress = (props: { progress: Answer<'getModelProgress'>; now: number; zone: string }) => {
  const { progress, now, zone } = props;
  const { training, promotion } = progress;
  const at = (time: string) => shortTime(Date.parse(time), now, zone);
  const spanOf = ({ startedAt, endedAt }: { startedAt: string; endedAt: string | null }) =>
    endedAt === null ? `since ${at(startedAt)}` : `${at(startedAt)} to ${at(endedAt)}`;
  return (
    <Panel title="Training and promotion">
      <div class="lanes" aria-live="polite">
        {training ? (
          <Lane
            title="Training"
            subject={training.runId ? shortRun(training.runId) : ''}
            span={spanOf(training)}
            track={trainingTrack(training)}
          />
        ) : (
          <p class="muted">Nothing has been trained here yet.</p>
        )}
        {promotion ? (
          <Lane
            title="Promotion"
            subject={shortRun(promotion.runId)}
            span={spanOf(promotion)}
            track={promotionTrack(promotion)}
          />
        ) : (
          <p class="muted">Nothing has taken over yet; what the card below names serves.</p>
        )}
      </div>
    </Panel>
  );
};
