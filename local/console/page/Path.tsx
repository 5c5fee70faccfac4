import { useEffect, useState } from 'preact/hooks';
import type { MessagePath } from '../view.ts';
import { clock, duration } from './words.ts';

/** The way of one message; the newest until one is held. */
export const Path = () => {
  const [path, setPath] = useState<MessagePath | null | undefined>(undefined);
  const [wanted, setWanted] = useState('');
  useEffect(() => {
    let stopped = false;
    const ask = async () => {
      const answer = await fetch(`/data/message?${wanted ? new URLSearchParams({ text: wanted }) : ''}`).catch(
        () => undefined,
      );
      if (answer?.ok && !stopped) setPath((await answer.json()) as MessagePath | null);
    };
    void ask();
    const timer = setInterval(ask, 4000);
    return () => {
      stopped = true;
      clearInterval(timer);
    };
  }, [wanted]);
  const first = path?.steps[0]?.time ?? null;
  return (
    <section class="panel" id="message">
      <header>
        <h2>One message, from MQTT to its store</h2>
        <input
          type="search"
          placeholder="trace id, or the newest"
          aria-label="Trace id of a message"
          value={wanted}
          onInput={(event) => setWanted(event.currentTarget.value.trim())}
        />
        {path && (
          <button type="button" class="button" onClick={() => setWanted(wanted ? '' : path.traceId)}>
            {wanted ? 'Follow the newest' : 'Hold this one'}
          </button>
        )}
      </header>
      {path ? (
        <ol class="steps">
          {path.steps.map((step) => (
            <li key={step.name} class={step.time === null ? 'unknown' : ''}>
              <div class="muted">{step.name}</div>
              <strong>{step.title}</strong>
              <div class="muted">{step.detail}</div>
              <div class="tabular">
                {step.time === null ? 'time not recorded' : `${clock(step.time)} UTC`}
                {step.time !== null && first !== null && step.time > first && ` · +${duration(step.time - first)}`}
              </div>
            </li>
          ))}
        </ol>
      ) : (
        <p class="empty">{path === null ? 'No such message among the newest of the streams.' : 'Looking …'}</p>
      )}
    </section>
  );
};
