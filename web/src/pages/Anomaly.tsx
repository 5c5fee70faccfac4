import { useEffect, useMemo, useState } from 'preact/hooks';
import {
  type AnomalyDetail,
  anomalyName,
  byDayMs,
  howOften,
  labelNames,
  pictureSpan,
  quietNames,
  RAREST,
  type Sample,
  signalName,
  usualBand,
} from '../app/anomalies.ts';
import { liveMs, useAnswer, useGroups, useServices } from '../app/data.ts';
import { isFree } from '../app/keys.ts';
import { link } from '../app/location.ts';
import { type Measure, plainNumber, threeDigits } from '../app/numbers.ts';
import { useRange } from '../app/range.ts';
import { slotsOf } from '../app/slots.ts';
import { ageName, dayMs, dayName, instantName, iso, shortTime, startOfLocalDay } from '../app/times.ts';
import { type LaneStretch, TimeChart } from '../charts/TimeChart.tsx';
import { AnomalyStatus, endOf, entityName, LabelDialog, SnoozeDialog } from '../parts/anomalies.tsx';
import { Failures, Figures, PageHead, Panel, Skeleton } from '../parts/pieces.tsx';

/** With what came in so long before it, the curve is compared. */
const comparedMs = 28 * dayMs;

/** A day with fewer of its readings says too little about the rest [P]. */
const leastPresent = 0.8;

interface Curve {
  unit: string;
  /** Length of an interval, minutes, or a local day; undefined for samples. */
  step: number | 'day' | undefined;
  times: number[];
  points: (number | null)[];
  details: string[];
  lane: LaneStretch[] | undefined;
}

/** What was read around an anomaly and in the four weeks before it. */
const useCurve = (anomaly: AnomalyDetail | undefined, now: number) => {
  const since = Date.parse(anomaly?.since ?? '') || now;
  const latest = endOf({ until: null }, now);
  const shown = pictureSpan({ since, until: endOf({ until: anomaly?.until ?? null }, now) }, latest);
  const query = { from: iso(Math.min(shown.from, since - comparedMs)), to: iso(shown.to) };
  const { kind, id } = anomaly?.entity ?? {};
  const { config } = useServices();
  const byDay = anomaly?.quantity === 'activeEnergyImport' && shown.to - shown.from > byDayMs;
  const daily = useAnswer(
    'getMeterConsumption',
    kind === 'meter' && id && byDay
      ? {
          params: { meterId: id },
          query: {
            granularity: 'day',
            tz: config.timeZone,
            from: iso(startOfLocalDay(Date.parse(query.from), config.timeZone)),
            to: iso(startOfLocalDay(shown.to - 1, config.timeZone, 1)),
          },
        }
      : undefined,
    4 * liveMs,
  );
  const readings = useAnswer(
    'getMeterReadings',
    anomaly && kind === 'meter' && id && !byDay
      ? { params: { meterId: id }, query: { ...query, channel: anomaly.quantity as 'activeEnergyImport' } }
      : undefined,
    4 * liveMs,
  );
  const samples = useAnswer(
    'getSensorTelemetry',
    anomaly && kind === 'sensor' && id
      ? { params: { sensorId: id }, query: { ...query, kind: anomaly.quantity as 'activePower' } }
      : undefined,
    4 * liveMs,
  );
  const curve = useMemo((): Curve | undefined => {
    if (daily.data) {
      const periods = daily.data.periods;
      const whole = periods.map(
        (p) => Date.parse(p.end) <= latest && p.intervalsPresent >= p.intervalsExpected * leastPresent,
      );
      return {
        unit: daily.data.unit,
        step: 'day',
        times: periods.map((p) => Date.parse(p.start)),
        points: periods.map((p, index) => (whole[index] ? p.value : null)),
        details: periods.map((p) => `${p.intervalsPresent} of ${p.intervalsExpected} intervals`),
        lane: undefined,
      };
    }
    if (readings.data) {
      const { unit, intervalMinutes } = readings.data;
      return { unit, step: intervalMinutes, ...slotsOf(readings.data) };
    }
    if (!samples.data) return undefined;
    const own = samples.data.samples.filter((one) => (one.phase ?? null) === (anomaly?.phase ?? null));
    return {
      unit: samples.data.unit,
      step: undefined,
      times: own.map((one) => Date.parse(one.time)),
      points: own.map((one) => one.value),
      details: own.map((one) => one.quality),
      lane: undefined,
    };
  }, [daily.data, readings.data, samples.data, anomaly?.phase, latest]);
  return { asked: [daily, readings, samples], curve, shown };
};

/** The readings around it, what was usual, and the stretch that is not. */
const Picture = (props: { anomaly: AnomalyDetail; of: ReturnType<typeof useCurve>; until: number; zone: string }) => {
  const { anomaly, until, zone } = props;
  const { asked, curve, shown } = props.of;
  const since = Date.parse(anomaly.since);
  const { config } = useServices();
  const picture = useMemo(() => {
    if (!curve) return undefined;
    const history: Sample[] = [];
    const kept: number[] = [];
    curve.times.forEach((time, index) => {
      if (time < since && time >= since - comparedMs) history.push({ time, value: curve.points[index] ?? null });
      if (time >= shown.from && time < shown.to) kept.push(index);
    });
    const usual = usualBand(history, config.timeZone);
    const bands = kept.map((index) => usual(curve.times[index] ?? 0));
    return {
      times: kept.map((index) => curve.times[index] ?? 0),
      details: kept.map((index) => curve.details[index] ?? ''),
      series: [
        {
          label: 'Usual, low',
          colour: '--forecast-band',
          kind: 'band-low' as const,
          points: bands.map((b) => b?.low ?? null),
        },
        {
          label: `Usual ${curve.step === 'day' ? 'on such a day' : 'at this time of day'}: nine of ten in the four weeks before`,
          colour: '--forecast-band',
          kind: 'band-high' as const,
          points: bands.map((b) => b?.high ?? null),
        },
        {
          label: 'Read',
          colour: '--normal',
          kind:
            curve.step === undefined ? ('line' as const) : curve.step === 'day' ? ('bars' as const) : ('step' as const),
          points: kept.map((index) => curve.points[index] ?? null),
        },
      ],
    };
  }, [curve, since, shown.from, shown.to, config.timeZone]);
  if (!picture || !curve) {
    return (
      <>
        <Failures asked={asked} subject="The curve" />
        <Skeleton height={420} />
      </>
    );
  }
  return (
    <TimeChart
      title={`${entityName(anomaly)}, ${signalName(anomaly.quantity)}${curve.step === 'day' ? ' by day' : ''}`}
      name={anomaly.anomalyId}
      unit={curve.unit}
      zone={zone}
      height={340}
      times={picture.times}
      series={picture.series}
      detail={(index) => {
        const { expected } = anomaly;
        const peak = expected && picture.times[index] === Date.parse(anomaly.peakAt) && curve.step !== 'day';
        const found = peak
          ? `, the detector expected ${threeDigits(expected.low)} to ${threeDigits(expected.high)} ${anomaly.unit}`
          : '';
        return `${picture.details[index] ?? ''}${found}`;
      }}
      {...(curve.step === 'day'
        ? { timeName: (index: number) => dayName(picture.times[index] ?? 0, config.timeZone) }
        : {})}
      spans={[{ from: since, to: until, label: anomalyName(anomaly) }]}
      {...(curve.lane ? { lane: curve.lane } : {})}
      {...(curve.step === undefined && anomaly.expected
        ? {
            limits: [
              { at: anomaly.expected.high, label: 'expected at most' },
              { at: anomaly.expected.low, label: 'expected at least' },
            ],
          }
        : {})}
    />
  );
};

/** A full bar, as −log10 of a probability: one in a million. */
const MOST_SURPRISING = 6;

const surpriseName = (surprise: number): string =>
  surprise < 1 ? 'usual' : surprise < 2 ? 'seldom' : surprise < 4 ? 'rare' : 'very rare';

const Explanation = ({ anomaly }: { anomaly: AnomalyDetail }) => (
  <Panel title="What was looked at">
    {anomaly.explanation.length === 0 ? (
      <p class="empty">Nothing by itself: all of it together.</p>
    ) : (
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard (WCAG 2.1.1).
      <section class="scroll" tabIndex={0} aria-label="What was looked at">
        <table>
          <thead>
            <tr>
              <th>Signal</th>
              <th class="num">Was</th>
              <th class="num">Expected</th>
              {anomaly.oneIn === null ? <th class="num">Deviations</th> : <th>By itself</th>}
            </tr>
          </thead>
          <tbody>
            {anomaly.explanation.map((one) => (
              <tr key={one.signal}>
                <td>{signalName(one.signal)}</td>
                <td class="num">{one.value === null ? '–' : threeDigits(one.value)}</td>
                <td class="num">
                  {one.expected === null
                    ? '–'
                    : `${threeDigits(one.expected.low)} to ${threeDigits(one.expected.high)}`}
                </td>
                {anomaly.oneIn === null ? (
                  <td class="num">{threeDigits(one.surprise)}</td>
                ) : (
                  <td>
                    <span class="bar" role="img" aria-label={surpriseName(one.surprise)}>
                      <i
                        style={{
                          width: `${Math.min(1, one.surprise / MOST_SURPRISING) * 100}%`,
                          background: 'var(--warning)',
                        }}
                      />
                    </span>
                    {surpriseName(one.surprise)}
                  </td>
                )}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    )}
  </Panel>
);

/** Which fault, as far as the model can tell; absent where the stream found it. */
const Faults = ({ anomaly }: { anomaly: AnomalyDetail }) =>
  anomaly.faults && (
    <Panel title={`Which fault, by model ${anomaly.modelVersion}`}>
      <div class="body">
        <dl class="shares">
          {Object.entries(anomaly.faults)
            .sort(([, a], [, b]) => b - a)
            .map(([fault, share]) => (
              <>
                <dt>{labelNames[fault as keyof typeof labelNames][0]}</dt>
                <dd>
                  <span class="bar" aria-hidden="true">
                    <i style={{ width: `${share * 100}%`, background: 'var(--normal)' }} />
                  </span>
                  {Math.round(share * 100)} %
                </dd>
              </>
            ))}
        </dl>
      </div>
    </Panel>
  );

const Done = ({ anomaly, zone, you }: { anomaly: AnomalyDetail; zone: string; you: string | undefined }) => {
  const who = (subject: string) => (subject === you ? ' by you' : ` by ${subject}`);
  const done = [
    { at: anomaly.raisedAt, what: 'found', more: '', by: '' },
    ...(anomaly.alertedAt === null ? [] : [{ at: anomaly.alertedAt, what: 'people were told', more: '', by: '' }]),
    ...anomaly.labels.map((one) => ({
      at: one.at,
      what: `labelled ${labelNames[one.label][0].toLowerCase()}`,
      more: one.note ?? '',
      by: who(one.by),
    })),
    ...anomaly.snoozes.map((one) => ({
      at: one.at,
      what: one.until <= one.at ? 'snooze ended' : `snoozed until ${instantName(Date.parse(one.until), zone)}`,
      more: '',
      by: who(one.by),
    })),
  ].sort((a, b) => b.at.localeCompare(a.at));
  return (
    <Panel title="What was done">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard (WCAG 2.1.1). */}
      <section class="scroll" tabIndex={0} aria-label="What was done">
        <table>
          <tbody>
            {done.map((one) => (
              <tr key={`${one.at} ${one.what}`}>
                <td class="when">{instantName(Date.parse(one.at), zone)}</td>
                <td class="wrap">
                  {one.what}
                  <span class="muted">
                    {one.by}
                    {one.more && ` · ${one.more}`}
                  </span>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </Panel>
  );
};

/** Bounds of a band say no more than two digits. */
const bound = (amount: number): string =>
  Math.abs(amount) >= 100 ? plainNumber(Math.round(amount)) : String(Number(amount.toPrecision(2))).replace('-', '−');

const oneInOf = (oneIn: number): Measure =>
  oneIn > RAREST
    ? { amount: '< 1', unit: 'in a million readings' }
    : { amount: `1 in ${threeDigits(Number(oneIn.toPrecision(2)))}`, unit: 'readings' };

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
                  typeof of.curve?.step === 'number' &&
                  `${howOften(anomaly.oneIn, of.curve.step)} · score ${anomaly.score.toFixed(4)}`,
          },
          {
            label: anomaly?.oneIn === null ? 'Its latest day' : 'Most unusual reading',
            measure: anomaly && { amount: threeDigits(anomaly.value), unit: anomaly.unit },
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
                    unit: anomaly.unit,
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
          <Picture anomaly={anomaly} of={of} until={endOf(anomaly, now)} zone={zone} />
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
