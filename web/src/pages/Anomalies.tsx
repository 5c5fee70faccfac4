import { useState } from 'preact/hooks';
import { type AnomalyRow, anomalyName, howUnusual } from '../app/anomalies.ts';
import { liveMs, useAnswer, useGroups } from '../app/data.ts';
import { link, setState, usePlace } from '../app/location.ts';
import { useRange } from '../app/range.ts';
import { dayMs, iso, shortTime } from '../app/times.ts';
import { AnomalySparkline, AnomalyStatus, entityName, LabelDialog, SnoozeDialog } from '../parts/anomalies.tsx';
import { type Column, List } from '../parts/list.tsx';
import { Failures, PageHead, Skeleton } from '../parts/pieces.tsx';

/** What began in so many days before the end looked at is listed, whatever the range: an inbox forgets nothing overnight. */
const days = 28;
const most = 200;

const choices = {
  status: {
    label: 'State',
    options: { open: 'to be judged', snoozed: 'snoozed', labelled: 'labelled', withdrawn: 'withdrawn', all: 'all' },
  },
  method: {
    label: 'Found by',
    options: {
      '': 'anything',
      combined: 'all signals together',
      'robust-z': 'level',
      'cut-forest': 'shape of the day',
      change: 'change',
      flatline: 'flatline',
      spike: 'spike',
      forest: 'random forest',
      ensemble: 'ensemble',
    },
  },
  direction: { label: 'Direction', options: { '': 'both', high: 'too high', low: 'too low' } },
  minScore: {
    label: 'Score',
    options: { '': 'any', '0.9': '0.9 and more', '0.95': '0.95 and more', '0.99': '0.99 and more' },
  },
} as const;
type Choice = keyof typeof choices;

const methodNames = choices.method.options;

const columns = (now: number, zone: string): Column<AnomalyRow>[] => [
  { label: 'Where', plain: entityName, show: (a) => entityName(a).replace(/^(Meter|Sensor) /, '') },
  { label: 'What', plain: anomalyName, show: anomalyName },
  { label: 'Since', wide: true, plain: (a) => a.since, show: (a) => shortTime(Date.parse(a.since), now, zone) },
  { label: 'How unusual', wide: true, plain: howUnusual, show: (a) => howUnusual(a).replace(/ readings$/, '') },
  { label: 'Score', wide: true, numeric: true, plain: (a) => a.score, show: (a) => a.score.toFixed(4) },
  { label: 'Course', wide: true, plain: () => null, show: (a) => <AnomalySparkline anomaly={a} now={now} /> },
  { label: 'Found by', wide: true, plain: (a) => a.method, show: (a) => methodNames[a.method] },
  { label: 'State', wide: true, plain: (a) => a.status, show: (a) => <AnomalyStatus {...a} /> },
];

/** The list's filters, each a part of the address. */
const useChosen = () => {
  const { query } = usePlace();
  const chosen = (choice: Choice): string => {
    const asked = query.get(choice) ?? '';
    return asked in choices[choice].options ? asked : choice === 'status' ? 'open' : '';
  };
  const status = chosen('status');
  return {
    chosen,
    filters: {
      ...(status === 'all' ? {} : { status: status as AnomalyRow['status'] }),
      ...(chosen('method') ? { method: chosen('method') as AnomalyRow['method'] } : {}),
      ...(chosen('direction') ? { direction: chosen('direction') as AnomalyRow['direction'] } : {}),
      ...(chosen('minScore') ? { minScore: Number(chosen('minScore')) } : {}),
    },
  };
};

export const AnomaliesPage = () => {
  const range = useRange();
  const { now, zone } = range;
  const { chosen, filters } = useChosen();
  const operates = useGroups('operator', 'admin');
  const [deed, setDeed] = useState<{ what: 'label' | 'snooze'; anomaly: AnomalyRow } | undefined>(undefined);
  const found = useAnswer(
    'listAnomalies',
    { query: { ...filters, from: iso(range.to - days * dayMs), to: iso(range.to), limit: most } },
    liveMs,
  );
  const close = () => setDeed(undefined);
  const plain = Object.keys(filters).join() === 'status' && filters.status === 'open';
  return (
    <>
      <PageHead
        title="Anomalies"
        note={
          <>
            of the last {days} days, the most unusual first
            {operates && (
              <>
                ; <kbd>l</kbd> labels and <kbd>s</kbd> snoozes the one you are on
              </>
            )}
          </>
        }
      />
      <Failures asked={[found]} subject="The anomalies" />
      <div class="filters">
        {(Object.keys(choices) as Choice[]).map((choice) => (
          <label key={choice} class="muted">
            {choices[choice].label}{' '}
            <select
              class="button"
              value={chosen(choice)}
              onChange={({ currentTarget: { value } }) =>
                setState({ [choice]: value === '' || (choice === 'status' && value === 'open') ? null : value })
              }
            >
              {Object.entries(choices[choice].options).map(([value, words]) => (
                <option key={value} value={value}>
                  {words}
                </option>
              ))}
            </select>
          </label>
        ))}
      </div>
      {found.data ? (
        <List
          name="anomalies"
          title={found.data.next === null ? 'Inbox' : `Inbox, the first ${most}`}
          rows={found.data.items}
          keyOf={(a) => a.anomalyId}
          hrefOf={(a) => link(`/anomalies/${a.anomalyId}`)}
          columns={columns(now, zone)}
          filter
          {...(operates
            ? {
                keys: {
                  l: (anomaly: AnomalyRow) => setDeed({ what: 'label', anomaly }),
                  s: (anomaly: AnomalyRow) => setDeed({ what: 'snooze', anomaly }),
                },
              }
            : {})}
          empty={
            plain
              ? 'Nothing waits to be judged. What is snoozed or labelled stands behind the filter of states.'
              : 'Nothing is like that.'
          }
        />
      ) : (
        <Skeleton height={420} />
      )}
      {deed?.what === 'label' && <LabelDialog anomaly={deed.anomaly} close={close} />}
      {deed?.what === 'snooze' && <SnoozeDialog anomaly={deed.anomaly} close={close} />}
    </>
  );
};
