import { useMemo } from 'preact/hooks';
import { anomalyName, howUnusual } from '../app/anomalies.ts';
import { liveMs, useAnswer } from '../app/data.ts';
import { completenessOf, settled } from '../app/feeders.ts';
import { link, setState, usePlace } from '../app/location.ts';
import { energy, percent, threeDigits } from '../app/numbers.ts';
import { type TimeRange, useRange } from '../app/range.ts';
import { slotsOf } from '../app/slots.ts';
import {
  ageName,
  clockTime,
  dayMs,
  dayName,
  fullDay,
  iso,
  monthName,
  shortTime,
  startOfLocalDay,
} from '../app/times.ts';
import { TimeChart } from '../charts/TimeChart.tsx';
import { AnomalyStatus, endOf } from '../parts/anomalies.tsx';
import { List } from '../parts/list.tsx';
import { Failures, Figures, PageHead, Skeleton } from '../parts/pieces.tsx';

const granularities = ['hour', 'day', 'month'] as const;
type Granularity = (typeof granularities)[number];

/** What is shown of each granularity, ending with the range: the range itself, 35 days, 13 months. */
const consumptionFrom = (granularity: Granularity, range: TimeRange): number => {
  if (granularity === 'hour') return range.from;
  return startOfLocalDay(range.to - 1, range.gridZone, granularity === 'day' ? -34 : -395);
};

const Consumption = ({ meterId, range }: { meterId: string; range: TimeRange }) => {
  const { query } = usePlace();
  const asked = query.get('by') as Granularity;
  const granularity = granularities.includes(asked) ? asked : 'day';
  const answer = useAnswer(
    'getMeterConsumption',
    {
      params: { meterId },
      query: { granularity, tz: range.gridZone, from: iso(consumptionFrom(granularity, range)), to: iso(range.to) },
    },
    4 * liveMs,
  );
  const chart = useMemo(() => {
    const periods = answer.data?.periods ?? [];
    return {
      times: periods.map((period) => Date.parse(period.start)),
      series: [
        {
          label: 'Consumption',
          colour: '--normal',
          kind: 'bars' as const,
          points: periods.map((period) => period.value),
        },
      ],
    };
  }, [answer.data]);
  const shown = answer.data?.granularity ?? granularity;
  const nameOf = (index: number): string => {
    const period = answer.data?.periods[index];
    if (!period) return '';
    const start = Date.parse(period.start);
    if (shown === 'month') return monthName(start, range.gridZone);
    const day = dayName(start, range.gridZone);
    return shown === 'day'
      ? day
      : `${day}, ${clockTime(start, range.zone)} – ${clockTime(Date.parse(period.end), range.zone)}`;
  };
  return (
    <>
      <Failures asked={[answer]} subject="The consumption of this meter" />
      <fieldset class="group" aria-label="Consumption by">
        {granularities.map((one) => (
          <button
            type="button"
            key={one}
            class="button"
            aria-pressed={granularity === one}
            onClick={() => setState({ by: one })}
          >
            By {one}
          </button>
        ))}
      </fieldset>
      {answer.data ? (
        <TimeChart
          title={`Consumption by ${shown}, ${range.gridZone}`}
          name={`${meterId}-by-${shown}`}
          unit="kWh"
          zone={shown === 'hour' ? range.zone : range.gridZone}
          height={220}
          {...chart}
          timeName={nameOf}
          detail={(index) => {
            const period = answer.data?.periods[index];
            if (!period || period.intervalsExpected === 0) return 'not in service';
            if (period.intervalsPresent === 0) return 'no readings';
            return `${period.intervalsPresent} of ${period.intervalsExpected} intervals`;
          }}
        />
      ) : (
        <Skeleton height={280} />
      )}
    </>
  );
};

export const MeterPage = ({ meterId }: { meterId: string }) => {
  const range = useRange();
  const { zone, now } = range;
  const params = { meterId };
  const bounds = { from: iso(range.from), to: iso(range.to) };
  const meter = useAnswer('getMeter', { params });
  const readings = useAnswer('getMeterReadings', { params, query: bounds }, liveMs);
  const hours = useAnswer(
    'getMeterConsumption',
    { params, query: { ...bounds, granularity: 'hour', tz: range.gridZone } },
    4 * liveMs,
  );
  const anomalies = useAnswer(
    'listAnomalies',
    { query: { meterId, from: iso(range.from - 28 * dayMs), to: bounds.to, order: 'since' } },
    4 * liveMs,
  );
  const unusual = (anomalies.data?.items ?? []).filter(
    (a) => a.status !== 'withdrawn' && (a.until === null || Date.parse(a.until) > range.from),
  );
  const curve = useMemo(() => readings.data && slotsOf(readings.data), [readings.data]);
  const newest = readings.data?.intervals.at(-1);
  const peak = readings.data?.intervals.reduce(
    (most, one) => (one.value > most.value ? one : most),
    readings.data.intervals[0] ?? { value: 0, start: '' },
  );
  const complete = hours.data && completenessOf(settled(hours.data.periods, now));
  const total = readings.data?.intervals.reduce((sum, one) => sum + one.value, 0);
  const missing = curve?.lane.filter((stretch) => stretch.quality === 'missing').length ?? 0;
  const m = meter.data;
  const silentFor = newest ? now - Date.parse(newest.end) : undefined;
  return (
    <>
      <PageHead
        title={`Meter ${meterId}`}
        note={
          m && (
            <>
              transformer <a href={link('/map', { select: `transformer:${m.transformerId}` })}>{m.transformerId}</a> ·
              feeder <a href={link(`/feeders/${m.feederId}`)}>{m.feederId}</a> · in service{' '}
              {m.serviceTo ? '' : 'since '}
              {fullDay(Date.parse(m.serviceFrom), range.gridZone)}
              {m.serviceTo && ` to ${fullDay(Date.parse(m.serviceTo), range.gridZone)}`}
            </>
          )
        }
      />
      <Failures asked={[meter, readings, hours, anomalies]} subject="A part of this page" />
      <Figures
        figures={[
          {
            label: 'Newest reading',
            measure: readings.data ? (newest ? { amount: threeDigits(newest.value), unit: 'kWh' } : null) : undefined,
            note: newest
              ? silentFor !== undefined && silentFor > 3_600_000 * 2
                ? `no readings since ${shortTime(Date.parse(newest.end), now, zone)}, silent for ${ageName(silentFor)}`
                : `until ${shortTime(Date.parse(newest.end), now, zone)}`
              : 'no readings in this range',
          },
          {
            label: 'Energy in range',
            measure: readings.data ? (newest ? energy(total ?? 0) : null) : undefined,
            note: 'of what is present',
          },
          {
            label: 'Highest interval',
            measure: readings.data
              ? newest && peak
                ? { amount: threeDigits(peak.value), unit: 'kWh' }
                : null
              : undefined,
            note: newest && peak ? shortTime(Date.parse(peak.start), now, zone) : 'no readings in this range',
          },
          {
            label: 'Completeness',
            measure: hours.data
              ? complete == null
                ? null
                : { amount: percent(complete).replace(/.%$/, ''), unit: '%' }
              : undefined,
            note: complete === null ? 'no readings were due' : 'of the readings due',
          },
          {
            label: 'Gaps',
            measure: curve && { amount: String(missing), unit: missing === 1 ? 'gap' : 'gaps' },
            note: missing > 0 ? 'hatched in the curve' : 'nothing due is missing',
          },
        ]}
      />
      {curve ? (
        <TimeChart
          title={`Load curve, ${readings.data?.intervalMinutes} min`}
          name={`${meterId}-readings`}
          unit={readings.data?.unit ?? 'kWh'}
          zone={zone}
          height={300}
          times={curve.times}
          series={[{ label: 'Import', colour: '--normal', kind: 'step', points: curve.points }]}
          lane={curve.lane}
          spans={unusual.map((a) => ({
            from: Math.max(range.from, Date.parse(a.since)),
            to: Math.min(range.to, endOf(a, now)),
            label: '',
          }))}
          detail={(index) => curve.details[index] ?? ''}
        />
      ) : (
        <Skeleton height={380} />
      )}
      {unusual.length > 0 && (
        <List
          name={`${meterId}-anomalies`}
          title="Unusual in this range"
          rows={unusual}
          keyOf={(a) => a.anomalyId}
          hrefOf={(a) => link(`/anomalies/${a.anomalyId}`)}
          columns={[
            { label: 'What', plain: anomalyName, show: anomalyName },
            { label: 'Since', plain: (a) => a.since, show: (a) => shortTime(Date.parse(a.since), now, zone) },
            { label: 'How unusual', wide: true, plain: (a) => a.score, show: howUnusual },
            { label: 'State', wide: true, plain: (a) => a.status, show: (a) => <AnomalyStatus {...a} /> },
          ]}
          empty=""
        />
      )}
      <Consumption meterId={meterId} range={range} />
    </>
  );
};
