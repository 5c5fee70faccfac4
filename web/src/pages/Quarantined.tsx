import { useState } from 'preact/hooks';
import type { Answer } from '../app/api.ts';
import { liveMs, useAction, useAnswer } from '../app/data.ts';
import { link } from '../app/location.ts';
import { useRange } from '../app/range.ts';
import { instantName } from '../app/times.ts';
import { Failures, PageHead, Panel, Skeleton } from '../parts/pieces.tsx';
import { encoded, QuarantineStatus, readable } from '../parts/quarantine.tsx';
import { ReasonDialog } from '../parts/ReasonDialog.tsx';

type Item = Answer<'getQuarantined'>;

const Reasons = ({ item }: { item: Item }) => (
  <Panel title={item.reasons.length === 1 ? 'One reason' : `${item.reasons.length} reasons`}>
    <table>
      <thead>
        <tr>
          <th>Reason</th>
          <th>Where</th>
          <th>What is wrong</th>
        </tr>
      </thead>
      <tbody>
        {item.reasons.map((reason) => (
          <tr key={`${reason.code} ${reason.path}`}>
            <td>{reason.code}</td>
            <td>
              <code>{reason.path || 'the message'}</code>
            </td>
            <td class="wrap">{reason.message}</td>
          </tr>
        ))}
      </tbody>
    </table>
  </Panel>
);

type Deed = 'correct' | 'replay' | 'discard';

/** The message as it came or as it was corrected, and what can be done with it. */
const Message = ({ item }: { item: Item }) => {
  const [text, setText] = useState<string | undefined>(undefined);
  const [deed, setDeed] = useState<Deed | undefined>(undefined);
  const actions = {
    correct: useAction('correctQuarantined'),
    replay: useAction('replayQuarantined'),
    discard: useAction('discardQuarantined'),
  };
  const shown = readable(item.correction?.payload ?? item.payload);
  const params = { quarantineId: item.id };
  const run: Record<Deed, (reason: string) => Promise<unknown>> = {
    correct: (reason) => actions.correct.run({ params, body: { payload: encoded(text ?? ''), reason } }),
    replay: (reason) => actions.replay.run({ params, body: { reason } }),
    discard: (reason) => actions.discard.run({ params, query: { reason } }),
  };
  const told = {
    correct: {
      title: 'Keep this correction',
      verb: 'Keep',
      what: 'The original stays beside it; nothing is sent yet.',
    },
    replay: {
      title: 'Replay this message',
      verb: 'Replay',
      what: 'It takes the way of a newly arrived one. If it is stored already, nothing changes.',
    },
    discard: {
      title: 'Discard this message',
      verb: 'Discard',
      what: 'It is never stored. It stays on record, with your reason.',
    },
  };
  const open = item.status === 'open';
  return (
    <Panel
      title={item.correction ? 'Message, as corrected' : 'Message, as it came'}
      actions={
        open && (
          <div class="group">
            {item.payload !== '' && (
              <button type="button" class="button" disabled={text === undefined} onClick={() => setDeed('correct')}>
                Keep correction
              </button>
            )}
            <button type="button" class="button" onClick={() => setDeed('replay')}>
              Replay
            </button>
            <button type="button" class="button" onClick={() => setDeed('discard')}>
              Discard
            </button>
          </div>
        )
      }
    >
      <div class="body">
        {item.payload === '' ? (
          <p class="muted">A batch of records that could not be worked on; its object is {item.topic}.</p>
        ) : (
          <textarea
            class="payload"
            aria-label="Payload"
            spellcheck={false}
            readOnly={!open}
            value={text ?? shown.text}
            onInput={(event) => setText(event.currentTarget.value)}
          />
        )}
        {!shown.isText && (
          <p class="muted">These bytes are not text; they are shown in hexadecimal. What you type replaces them.</p>
        )}
      </div>
      {deed && (
        <ReasonDialog
          title={told[deed].title}
          verb={told[deed].verb}
          busy={actions[deed].busy}
          error={actions[deed].error}
          confirm={async (reason) => {
            const done = (await run[deed](reason)) !== undefined;
            if (done) setText(undefined);
            return done;
          }}
          close={() => setDeed(undefined)}
        >
          {told[deed].what}
        </ReasonDialog>
      )}
    </Panel>
  );
};

const History = ({ item, zone }: { item: Item; zone: string }) => (
  <Panel title="What was done">
    {item.history.length === 0 ? (
      <p class="empty">Nothing yet.</p>
    ) : (
      <table>
        <tbody>
          {item.history.map((one) => (
            <tr key={`${one.at} ${one.action}`}>
              <td class="when">{instantName(Date.parse(one.at), zone)}</td>
              <td>{one.action}</td>
              <td class="wrap">{one.reason}</td>
              <td class="muted">{one.subject}</td>
            </tr>
          ))}
        </tbody>
      </table>
    )}
  </Panel>
);

/** `meters/m004/interval-readings` → `Message of meter m004`. */
const titleOf = ({ topic, kind }: Item): string => {
  const [family = '', id] = topic.split('/');
  return kind === 'failed-batch' || !id ? 'A failed batch' : `Message of ${family.replace(/s$/, '')} ${id}`;
};

export const QuarantinedPage = ({ quarantineId }: { quarantineId: string }) => {
  const { zone } = useRange();
  const asked = useAnswer('getQuarantined', { params: { quarantineId } }, liveMs);
  const item = asked.data;
  return (
    <>
      <PageHead
        title={item ? titleOf(item) : 'Quarantined message'}
        note={
          item && (
            <>
              <QuarantineStatus status={item.status} /> · {item.kind} · received{' '}
              {instantName(Date.parse(item.receivedAt), zone)} ·{' '}
              <a href={link('/quality', { view: 'quarantine' })}>all of them</a>
            </>
          )
        }
      />
      <Failures asked={[asked]} subject="This message" />
      {item ? (
        <>
          <Reasons item={item} />
          <Message key={item.version} item={item} />
          <History item={item} zone={zone} />
        </>
      ) : (
        <Skeleton height={420} />
      )}
    </>
  );
};
