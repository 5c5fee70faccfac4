import { useMemo } from 'preact/hooks';
import {
  type AnomalyDetail,
  anomalyName,
  byDayMs,
  pictureSpan,
  type Sample,
  signalName,
  usualBand,
} from '../app/anomalies.ts';
import { liveMs, useAnswer, useServices } from '../app/data.ts';
import { threeDigits } from '../app/numbers.ts';
import { slotsOf } from '../app/slots.ts';
import { dayMs, dayName, iso, startOfLocalDay } from '../app/times.ts';
import { type LaneStretch, TimeChart } from '../charts/TimeChart.tsx';
import { endOf, entityName } from './anomalies.tsx';
import { Failures, Skeleton } from './pieces.tsx';

/** With what came in so long before it, the curve is compared. */
const comparedMs = 28 * dayMs;

/** Two labels of a band that is a smaller share of the picture would lie on each other. */
const APART = 0.1;

const limitsOf = ({ low, high }: { low: number; high: number }, points: readonly (number | null)[]) => {
  const shown = [low, high, ...points.filter((point) => point !== null)];
  const narrow = high - low < APART * (Math.max(...shown) - Math.min(...shown));
  return [
    { at: high, label: narrow ? 'expected' : 'expected at most' },
    { at: low, label: narrow ? '' : 'expected at least' },
  ];
};

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
export const useCurve = (anomaly: AnomalyDetail | undefined, now: number) => {
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
export const AnomalyPicture = (props: {
  anomaly: AnomalyDetail;
  of: ReturnType<typeof useCurve>;
  until: number;
  zone: string;
}) => {
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
      title={`${entityName(anomaly)}${anomaly.entity.kind === 'meter' ? `, ${signalName(anomaly.quantity)}` : ''}${curve.step === 'day' ? ' by day' : ''}`}
      name={anomaly.anomalyId}
      unit={curve.unit}
      zone={zone}
      height={340}
      times={picture.times}
      series={picture.series}
      detail={(index) => {
        const { expected } = anomaly;
        const peak =
          expected &&
          anomaly.oneIn !== null &&
          picture.times[index] === Date.parse(anomaly.peakAt) &&
          curve.step !== 'day';
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
            limits: limitsOf(anomaly.expected, picture.series.at(-1)?.points ?? []),
          }
        : {})}
    />
  );
};
