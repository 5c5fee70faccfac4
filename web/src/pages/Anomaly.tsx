import { useEffect, useState } from 'preact/hooks';
import { anomalyName, howOften, quietNames, RAREST, unitName } from '../app/anomalies.ts';
import { liveMs, useAnswer, useGroups, useServices } from '../app/data.ts';
import { isFree } from '../app/keys.ts';
import { link } from '../app/location.ts';
import { type Measure, plainNumber, threeDigits } from '../app/numbers.ts';
import { useRange } from '../app/range.ts';
import { ageName, instantName, iso, shortTime } from '../app/times.ts';
import { Done, Explanation, Faults } from '../parts/AnomalyFacts.tsx';
import { AnomalyPicture, useCurve } from '../parts/AnomalyPicture.tsx';
import { AnomalyStatus, endOf, entityName, LabelDialog, SnoozeDialog } from '../parts/anomalies.tsx';
import { Failures, Figures, PageHead, Skeleton } from '../parts/pieces.tsx';

/** Bounds of a band say no more than two digits. */
const bound = (amount: number): string =>
  Math.abs(amount) >= 100 ? plainNumber(Math.round(amount)) : String(Number(amount.toPrecision(2))).replace('-', '−');

const oneInOf = (oneIn: number): Measure =>
  oneIn > RAREST
    ? { amount: '< 1', unit: 'in a million' }
    : { amount: `1 in ${threeDigits(Number(oneIn.toPrecision(2)))}`, unit: '' };

export const AnomalyPage = ({ anomalyId }: { anomalyId: string }) => {
  const { now, zone } = useRange();
  const { session } = useServices();
  const operates = useGroups('operator', 'admin');
  const asked = useAnswer('getAnomaly', { params: { anomalyId } }, liveMs);
  const [deed, setDeed] = useState<'label' | 'snooze' | undefined>(undefined);
  const anomaly = asked.data;
  const of = useCurve(anomaly, now);
  const ready = operates && anomaly !== undefined;
  useEffect(() => {
    if (!ready) return undefined;
    const listener = (event: KeyboardEvent) => {
      const what = ({ l: 'label', s: 'snooze' } as const)[event.key];
      if (what === undefined || !isFree(event)) return;
      event.preventDefault();
      setDeed(what);
    };
    addEventListener('keydown', listener);
    return () => removeEventListener('keydown', listener);
  }, [ready]);
  const since = anomaly && Date.parse(anomaly.since);
  const meterId = anomaly?.entity.kind === 'meter' ? anomaly.entity.id : undefined;
  const close = () => setDeed(undefined);
  return (
    <>
      <PageHead
        title={anomaly ? `${entityName(anomaly)}: ${anomalyName(anomaly)}` : 'Anomaly'}
        note={
          anomaly && (
            <>
              <AnomalyStatus {...anomaly} />
              {anomaly.snoozedUntil !== null && ` until ${shortTime(Date.parse(anomaly.snoozedUntil), now, zone)}`}
              {meterId && (
                <>
                  {' '}
                  ·{' '}
                  <a href={link(`/meters/${meterId}`, { at: iso(endOf(anomaly, now)) })}>
                    meter {meterId} at that time
                  </a>
                </>
              )}{' '}
              · <a href={link('/anomalies')}>all of them</a>
            </>
          )
        }
      />
      <Failures asked={[asked]} subject="This anomaly" />
      <Figures
        figures={[
          {
            label: 'How unusual',
            measure:
              anomaly &&
              (anomaly.oneIn === null
                ? { amount: `${Math.round(anomaly.score * 100)}`, unit: '% likely a fault' }
                : oneInOf(anomaly.oneIn)),
            note:
              anomaly?.oneIn === null
                ? 'as calibrated on injected faults'
                : anomaly &&
                  [
                    meterId ? 'readings' : 'means of ten minutes',
                    ...(typeof of.curve?.step === 'number' ? [howOften(anomaly.oneIn, of.curve.step)] : []),
                    `score ${anomaly.score.toFixed(4)}`,
                  ].join(' · '),
          },
          {
            label: anomaly?.oneIn === null ? 'Its latest day' : 'Most unusual reading',
            measure: anomaly && { amount: threeDigits(anomaly.value), unit: unitName(anomaly.unit) },
            note:
              anomaly && `${anomaly.oneIn === null ? 'on' : 'at'} ${shortTime(Date.parse(anomaly.peakAt), now, zone)}`,
          },
          {
            label: 'Expected',
            measure:
              anomaly &&
              (anomaly.expected === null
                ? null
                : {
                    amount: `${bound(meterId ? Math.max(0, anomaly.expected.low) : anomaly.expected.low)}–${bound(anomaly.expected.high)}`,
                    unit: unitName(anomaly.unit),
                  }),
            note: anomaly?.expected === null ? 'too little is known yet' : 'nine of ten lie within',
          },
          {
            label: anomaly?.until === null ? 'Goes on for' : 'Lasted',
            measure:
              anomaly && since !== undefined
                ? {
                    amount: ageName(endOf(anomaly, now) - since).split(' ')[0] ?? '',
                    unit: ageName(endOf(anomaly, now) - since).split(' ')[1] ?? '',
                  }
                : undefined,
            note: since !== undefined && `since ${instantName(since, zone)}`,
          },
          {
            label: 'Alert',
            measure: anomaly && { amount: anomaly.alertedAt === null ? 'none' : 'sent', unit: '' },
            note:
              anomaly &&
              (anomaly.alertedAt !== null
                ? shortTime(Date.parse(anomaly.alertedAt), now, zone)
                : anomaly.quietBecause === null
                  ? 'not decided yet'
                  : quietNames[anomaly.quietBecause]),
          },
        ]}
      />
      {operates && (
        <div class="group">
          <button type="button" class="button" disabled={!anomaly} onClick={() => setDeed('label')}>
            Label <kbd>l</kbd>
          </button>
          <button type="button" class="button" disabled={!anomaly} onClick={() => setDeed('snooze')}>
            Snooze <kbd>s</kbd>
          </button>
        </div>
      )}
      {anomaly ? (
        <>
          <AnomalyPicture anomaly={anomaly} of={of} until={endOf(anomaly, now)} zone={zone} />
          <div class="columns">
            <Explanation anomaly={anomaly} />
            <Done anomaly={anomaly} zone={zone} you={session.person?.subject} />
          </div>
          <Faults anomaly={anomaly} />
        </>
      ) : (
        <Skeleton height={420} />
      )}
      {deed === 'label' && anomaly && <LabelDialog anomaly={anomaly} close={close} />}
      {deed === 'snooze' && anomaly && <SnoozeDialog anomaly={anomaly} close={close} />}
    </>
  );
};
