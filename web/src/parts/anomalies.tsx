import { useEffect, useRef, useState } from 'preact/hooks';
import { type AnomalyLabel, type AnomalyRow, anomalyName, labelNames, pictureSpan } from '../app/anomalies.ts';
import { useAction, useAnswer } from '../app/data.ts';
import { slotsOf } from '../app/slots.ts';
import { dayMs, iso, minuteMs } from '../app/times.ts';
import { Sparkline } from '../charts/Sparkline.tsx';
import { Dialog, DialogEnd } from '../frame/Dialog.tsx';
import { Status, type StatusName } from './status.tsx';

const shown: Readonly<Record<AnomalyRow['status'], { name: StatusName; word: string }>> = {
  open: { name: 'warn', word: 'to be judged' },
  snoozed: { name: 'missing', word: 'snoozed' },
  labelled: { name: 'normal', word: 'labelled' },
  withdrawn: { name: 'missing', word: 'withdrawn' },
};

/** A labelled one says what it was. */
export const AnomalyStatus = ({ status, label }: Pick<AnomalyRow, 'status' | 'label'>) => (
  <Status {...shown[status]} {...(label ? { word: labelNames[label.label][0].toLowerCase() } : {})} />
);

/** `meter m012`. */
export const entityName = ({ entity, quantity, phase }: Pick<AnomalyRow, 'entity' | 'quantity' | 'phase'>): string =>
  entity.kind === 'meter'
    ? `Meter ${entity.id}`
    : `Sensor ${entity.id}, ${quantity}${phase === null ? '' : ` ${phase}`}`;

/** When it ended; the last half hour while it goes on, so that the address of what is asked stays while time passes. */
export const endOf = ({ until }: Pick<AnomalyRow, 'until'>, now: number): number =>
  until === null ? Math.floor(now / (30 * minuteMs)) * 30 * minuteMs : Date.parse(until);

/** The readings around an anomaly, asked for once the row is in sight. */
export const AnomalySparkline = ({ anomaly, now }: { anomaly: AnomalyRow; now: number }) => {
  const place = useRef<HTMLSpanElement>(null);
  const [seen, setSeen] = useState(false);
  useEffect(() => {
    const element = place.current;
    if (!element) return;
    const observer = new IntersectionObserver((entries) => {
      if (entries.some((entry) => entry.isIntersecting)) setSeen(true);
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  const since = Date.parse(anomaly.since);
  const until = endOf(anomaly, now);
  const { from, to } = pictureSpan({ since, until }, Math.max(until, Math.floor(now / dayMs) * dayMs));
  const bounds = { from: iso(from), to: iso(to) };
  const { kind, id } = anomaly.entity;
  const readings = useAnswer(
    'getMeterReadings',
    seen && kind === 'meter'
      ? { params: { meterId: id }, query: { ...bounds, channel: anomaly.quantity as 'activeEnergyImport' } }
      : undefined,
  );
  const samples = useAnswer(
    'getSensorTelemetry',
    seen && kind === 'sensor'
      ? { params: { sensorId: id }, query: { ...bounds, kind: anomaly.quantity as 'activePower' } }
      : undefined,
  );
  const points = readings.data
    ? slotsOf(readings.data).points
    : samples.data?.samples.flatMap((one) => ((one.phase ?? null) === anomaly.phase ? [one.value] : []));
  const share = (time: number) => Math.min(1, Math.max(0, (time - from) / (to - from)));
  return (
    <span ref={place} class="spark">
      {points && (
        <Sparkline
          points={points}
          label={`${entityName(anomaly)}: ${anomalyName(anomaly)}`}
          span={{ from: share(since), to: share(until) }}
        />
      )}
    </span>
  );
};

/** Says what it was; the forest learns from it. */
export const LabelDialog = ({ anomaly, close }: { anomaly: AnomalyRow; close: () => void }) => {
  const action = useAction('labelAnomaly');
  const [label, setLabel] = useState<AnomalyLabel | undefined>(anomaly.label?.label);
  const [note, setNote] = useState('');
  return (
    <Dialog label="What it was" close={close}>
      <form
        class="form"
        onSubmit={async (event) => {
          event.preventDefault();
          if (label === undefined) return;
          const body = { label, ...(note.trim() === '' ? {} : { note: note.trim() }) };
          if (await action.run({ params: { anomalyId: anomaly.anomalyId }, body })) close();
        }}
      >
        <h2>
          {entityName(anomaly)}: {anomalyName(anomaly)}
        </h2>
        <fieldset class="choices">
          <legend class="muted">What was it?</legend>
          {(Object.keys(labelNames) as AnomalyLabel[]).map((one) => (
            <label key={one} class="check">
              <input
                type="radio"
                name="label"
                required
                checked={label === one}
                onChange={() => setLabel(one)}
                autofocus={one === 'theft'}
              />
              <span>
                {labelNames[one][0]} <span class="muted">{labelNames[one][1]}</span>
              </span>
            </label>
          ))}
        </fieldset>
        <label>
          Note, if there is more to say
          <input type="text" maxLength={1000} value={note} onInput={(event) => setNote(event.currentTarget.value)} />
        </label>
        <DialogEnd error={action.error} close={close} busy={action.busy} verb="Label" />
      </form>
    </Dialog>
  );
};

const snoozeDays = [1, 7, 30] as const;

/** No alerts of the same for a while. */
export const SnoozeDialog = ({ anomaly, close }: { anomaly: AnomalyRow; close: () => void }) => {
  const action = useAction('snoozeAnomaly');
  const snooze = async (until: number) => {
    if (await action.run({ params: { anomalyId: anomaly.anomalyId }, body: { until: iso(until) } })) close();
  };
  return (
    <Dialog label="Snooze" close={close}>
      <div class="form">
        <h2>No alerts of {entityName(anomaly).replace(/^./, (first) => first.toLowerCase())} for</h2>
        <div class="group">
          {snoozeDays.map((days) => (
            <button
              type="button"
              key={days}
              class="button"
              disabled={action.busy}
              onClick={() => void snooze(Date.now() + days * dayMs)}
            >
              {days === 1 ? '1 day' : `${days} days`}
            </button>
          ))}
          {anomaly.snoozedUntil !== null && (
            <button type="button" class="button" disabled={action.busy} onClick={() => void snooze(Date.now())}>
              End the snooze
            </button>
          )}
        </div>
        <DialogEnd error={action.error} close={close} />
      </div>
    </Dialog>
  );
};
