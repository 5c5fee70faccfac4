import type { ComponentChildren } from 'preact';
import { ApiProblem } from '../app/api.ts';
import { type Asked, useServices } from '../app/data.ts';
import type { Measure } from '../app/numbers.ts';

export const Skeleton = ({ height }: { height: number }) => (
  <div class="skeleton" style={{ height: `${height}px` }} role="status" aria-label="Loading" />
);

/** What happened, what is unaffected, what to do; retries go on by themselves. */
export const Failure = ({ error, subject, kept }: { error: Error; subject: string; kept: boolean }) => {
  const { answers } = useServices();
  const forbidden = error instanceof ApiProblem && error.status === 403;
  const passing = !(error instanceof ApiProblem) || error.passing;
  return (
    <div class="notice failed" role="alert">
      <span>
        {forbidden
          ? `Your group may not see ${subject[0]?.toLowerCase()}${subject.slice(1)}. An administrator can change your group.`
          : `${error.message}. ${subject} `}
        {!forbidden &&
          (kept
            ? 'stays as last loaded; everything else is unaffected.'
            : 'cannot be shown; everything else is unaffected.')}
        {passing && ' Trying again by itself.'}
      </span>
      {passing && (
        <button type="button" class="button" onClick={() => answers.retryNow()}>
          Try now
        </button>
      )}
    </div>
  );
};

/** First failure among several answers, shown once. */
export const Failures = ({ asked, subject }: { asked: readonly Asked<unknown>[]; subject: string }) => {
  const failed = asked.find((one) => one.error !== undefined);
  return failed?.error ? <Failure error={failed.error} subject={subject} kept={failed.data !== undefined} /> : null;
};

export interface FigureProps {
  label: string;
  /** `null`: known to be absent (`note` says why); undefined: loading. */
  measure: Measure | null | undefined;
  note?: ComponentChildren;
}

export const Figures = ({ figures }: { figures: readonly FigureProps[] }) => (
  <dl class="figures">
    {figures.map(({ label, measure, note }) => (
      <div key={label}>
        <dt>{label}</dt>
        <dd class="amount">
          {measure === undefined ? (
            <span class="skeleton text" />
          ) : measure === null ? (
            '–'
          ) : (
            <>
              {measure.amount} <small>{measure.unit}</small>
            </>
          )}
        </dd>
        <dd class="note">{note ?? ' '}</dd>
      </div>
    ))}
  </dl>
);

export const Panel = (props: {
  title: ComponentChildren;
  actions?: ComponentChildren;
  children: ComponentChildren;
}) => (
  <section class="panel">
    <header>
      <h2>{props.title}</h2>
      {props.actions}
    </header>
    {props.children}
  </section>
);

export const PageHead = ({ title, note }: { title: string; note?: ComponentChildren }) => (
  <div class="page-head">
    <h1>{title}</h1>
    <div class="muted">{note}</div>
  </div>
);
