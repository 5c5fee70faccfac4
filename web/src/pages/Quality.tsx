import { liveMs, useAnswer, useGroups } from '../app/data.ts';
import { link, setState, usePlace } from '../app/location.ts';
import { useRange } from '../app/range.ts';
import { ageName, shortTime } from '../app/times.ts';
import { type Column, List } from '../parts/list.tsx';
import { Failures, PageHead, Skeleton } from '../parts/pieces.tsx';
import { type QuarantineRow, QuarantineStatus } from '../parts/quarantine.tsx';

const statuses = ['open', 'replayed', 'discarded'] as const;
const words = { open: 'Waiting', replayed: 'Replayed', discarded: 'Discarded' };

/** What was refused, with its reasons, until somebody corrects, replays or discards it. */
const Quarantine = () => {
  const { query } = usePlace();
  const { now, zone } = useRange();
  const operates = useGroups('operator', 'admin');
  const asked = query.get('status') as QuarantineRow['status'];
  const status = statuses.includes(asked) ? asked : 'open';
  const found = useAnswer('listQuarantine', operates ? { query: { status, limit: 1000 } } : undefined, liveMs);
  if (!operates) {
    return (
      <p class="notice">
        <span>Operators see what was refused here, and correct, replay or discard it.</span>
      </p>
    );
  }
  const columns: readonly Column<QuarantineRow>[] = [
    { label: 'From', plain: (q) => q.topic, show: (q) => <span class="cut">{q.topic}</span> },
    { label: 'State', plain: (q) => q.status, show: (q) => <QuarantineStatus status={q.status} /> },
    { label: 'Reasons', plain: (q) => q.reasonCodes.join(' '), show: (q) => q.reasonCodes.join(', ') },
    {
      label: 'Corrected',
      wide: true,
      plain: (q) => (q.corrected ? 'yes' : 'no'),
      show: (q) => (q.corrected ? 'yes' : ''),
    },
    {
      label: 'Waiting since',
      numeric: true,
      wide: true,
      plain: (q) => q.since,
      show: (q) => `${shortTime(Date.parse(q.since), now, zone)} · ${ageName(now - Date.parse(q.since))}`,
    },
  ];
  return (
    <>
      <Failures asked={[found]} subject="The quarantine" />
      <fieldset class="group" style={{ border: 0, padding: 0, margin: 0 }} aria-label="State">
        {statuses.map((one) => (
          <button
            type="button"
            key={one}
            class="button"
            aria-pressed={status === one}
            onClick={() => setState({ status: one === 'open' ? null : one })}
          >
            {words[one]}
          </button>
        ))}
      </fieldset>
      {found.data ? (
        <List
          name="quarantine"
          title="Quarantine"
          rows={found.data.items}
          keyOf={(q) => q.id}
          hrefOf={(q) => link(`/quality/${q.id}`)}
          columns={columns}
          filter
          empty={status === 'open' ? 'Nothing waits: every message that arrived was stored.' : 'Nothing here.'}
        />
      ) : (
        <Skeleton height={320} />
      )}
    </>
  );
};

export const QualityPage = () => (
  <>
    <PageHead title="Quality" note="what could not be stored as it came, and why" />
    <Quarantine />
  </>
);
