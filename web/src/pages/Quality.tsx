import { VEE_RULES } from '../../../layers/contracts/vee/rules.ts';
import type { Answer } from '../app/api.ts';
import { liveMs, useAnswer, useGroups } from '../app/data.ts';
import { link, setState, usePlace } from '../app/location.ts';
import { plainNumber } from '../app/numbers.ts';
import { useRange } from '../app/range.ts';
import { ageName, iso, shortTime } from '../app/times.ts';
import { type Column, List } from '../parts/list.tsx';
import { Failures, PageHead, Skeleton } from '../parts/pieces.tsx';
import { type QuarantineRow, QuarantineStatus } from '../parts/quarantine.tsx';
import { Status, type StatusName } from '../parts/status.tsx';

type Exception = Answer<'listVeeExceptions'>['items'][number];

/** Rules whose own names say too little. */
const ruleNames: Partial<Record<string, string>> = {
  HIGH_LOW: 'High or low day',
  SUM_CHECK: 'Sum against register',
  KVARH: 'More reactive than active',
  PROLONGED_ESTIMATION: 'Estimated for too long',
};

/** `MISSING_INTERVAL` → `Missing interval`. */
const ruleName = (rule: string): string => {
  const words = ruleNames[rule] ?? rule.replaceAll('_', ' ').toLowerCase();
  return `${words[0]?.toUpperCase()}${words.slice(1)}`;
};

const severities: Readonly<Record<Exception['severity'], { name: StatusName; word: string }>> = {
  quarantine: { name: 'high', word: 'never stored' },
  fail: { name: 'critical', word: 'not billable' },
  hold: { name: 'high', word: 'billing waits' },
  review: { name: 'warn', word: 'to be looked at' },
};

/** What validation found in settled days. */
const Exceptions = () => {
  const { from, to, now, zone } = useRange();
  const found = useAnswer('listVeeExceptions', { query: { from: iso(from), to: iso(to), limit: 1000 } }, liveMs);
  const columns: readonly Column<Exception>[] = [
    { label: 'Meter', plain: (e) => e.meterId, show: (e) => e.meterId },
    {
      label: 'Rule',
      plain: (e) => ruleName(e.rule),
      show: (e) => <span title={`${VEE_RULES[e.rule].summary} (${e.code})`}>{ruleName(e.rule)}</span>,
    },
    { label: 'Severity', plain: (e) => e.severity, show: (e) => <Status {...severities[e.severity]} /> },
    {
      label: 'State',
      wide: true,
      plain: (e) => e.status,
      show: (e) => (e.status === 'estimated' ? <Status name="warn" word="estimated" /> : e.status),
    },
    { label: 'Day', plain: (e) => e.day, show: (e) => e.day },
    { label: 'From', wide: true, plain: (e) => e.from, show: (e) => shortTime(Date.parse(e.from), now, zone) },
    {
      label: 'Observed',
      numeric: true,
      wide: true,
      plain: (e) => e.observed,
      show: (e) => (e.observed === null ? '–' : plainNumber(e.observed)),
    },
    {
      label: 'Limit',
      numeric: true,
      wide: true,
      plain: (e) => e.limit,
      show: (e) => (e.limit === null ? '–' : plainNumber(e.limit)),
    },
  ];
  return (
    <>
      <Failures asked={[found]} subject="The exceptions" />
      {found.data ? (
        <List
          name="exceptions"
          title="Exceptions of validation"
          rows={found.data.items}
          keyOf={(e) => `${e.meterId} ${e.channel} ${e.rule} ${e.from}`}
          hrefOf={(e) => link(`/meters/${e.meterId}`, { at: e.to })}
          columns={columns}
          filter
          empty={
            <>
              No exception in the days settled of this range. A day is settled by <code>npm run grid -- settle</code>,
              or <code>POST /vee/runs</code>.
            </>
          }
        />
      ) : (
        <Skeleton height={320} />
      )}
    </>
  );
};

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
    { label: 'State', wide: true, plain: (q) => q.status, show: (q) => <QuarantineStatus status={q.status} /> },
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
      <fieldset class="group" aria-label="State">
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

const views = { exceptions: 'Exceptions', quarantine: 'Quarantine' } as const;

export const QualityPage = () => {
  const { query } = usePlace();
  const view = query.get('view') === 'quarantine' ? 'quarantine' : 'exceptions';
  return (
    <>
      <PageHead title="Quality" note="what validation found in readings, and what could not be stored as it came" />
      <fieldset class="group" aria-label="View">
        {(Object.keys(views) as (keyof typeof views)[]).map((one) => (
          <button
            type="button"
            key={one}
            class="button"
            aria-pressed={view === one}
            onClick={() =>
              setState({ view: one === 'exceptions' ? null : one, status: null, filter: null, sort: null })
            }
          >
            {views[one]}
          </button>
        ))}
      </fieldset>
      {view === 'quarantine' ? <Quarantine /> : <Exceptions />}
    </>
  );
};
