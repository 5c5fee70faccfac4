import { useMemo } from 'preact/hooks';
import { anomalyName } from '../app/anomalies.ts';
import { liveMs, useAnswer, useGroups } from '../app/data.ts';
import { completenessOf, settled, useFeeders } from '../app/feeders.ts';
import { link } from '../app/location.ts';
import { against, percent, power } from '../app/numbers.ts';
import { useRange } from '../app/range.ts';
import { clockTime, dayMs, iso, localHour, shortTime, startOfLocalDay } from '../app/times.ts';
import { typicalDay } from '../app/typical.ts';
import { type ChartSeries, TimeChart } from '../charts/TimeChart.tsx';
import { entityName } from '../parts/anomalies.tsx';
import { FeederList } from '../parts/FeederList.tsx';
import { isOpen } from '../parts/outages.tsx';
import { Failures, Figures, PageHead, Skeleton } from '../parts/pieces.tsx';

const historyDays = 28;

export const OverviewPage = () => {
  const range = useRange();
  const { zone, gridZone, now } = range;
  const today = startOfLocalDay(range.to - 1, gridZone);
  const load = useAnswer(
    'getSystemLoad',
    { query: { from: iso(range.from), to: iso(range.to), resolutionMinutes: range.resolutionMinutes } },
    liveMs,
  );
  const history = useAnswer('getSystemConsumption', {
    query: {
      granularity: 'hour',
      tz: gridZone,
      from: iso(startOfLocalDay(today, gridZone, -historyDays)),
      to: iso(today),
    },
  });
  const hours = useAnswer(
    'getSystemConsumption',
    { query: { granularity: 'hour', tz: gridZone, from: iso(Math.min(range.to - dayMs, today)), to: iso(range.to) } },
    liveMs,
  );
  const { feeders, asked, network } = useFeeders(range);
  const loading = useAnswer('getNetworkLoading', { query: range.live ? {} : { at: iso(range.to) } }, liveMs);

  const outages = useAnswer(
    'listOutages',
    { query: { from: iso(range.from), to: iso(range.to), limit: 1000 } },
    liveMs,
  );
  const out = outages.data?.items.filter(isOpen);
  const analyses = useGroups('analyst', 'operator', 'admin');
  const anomalies = useAnswer(
    'listAnomalies',
    analyses
      ? { query: { status: 'open', from: iso(range.to - 28 * dayMs), to: iso(range.to), limit: 100 } }
      : undefined,
    4 * liveMs,
  );
  const unusual = anomalies.data;

  const typical = useMemo(() => typicalDay(history.data?.periods ?? [], gridZone), [history.data, gridZone]);
  const chart = useMemo(() => {
    const periods = load.data?.periods ?? [];
    const times = periods.map((period) => Date.parse(period.start));
    const bands = times.map((time) => typical(time));
    const series: ChartSeries[] = [
      { label: 'Typical low', colour: '--band', kind: 'band-low', points: bands.map((b) => b?.low ?? null) },
      {
        label: 'Typical day, middle 80 %',
        colour: '--band',
        kind: 'band-high',
        points: bands.map((b) => b?.high ?? null),
      },
      {
        label: 'Typical',
        colour: '--missing',
        kind: 'line',
        dash: [4, 4],
        points: bands.map((b) => b?.median ?? null),
      },
      { label: 'Load', colour: '--normal', kind: 'line', points: periods.map((period) => period.value) },
    ];
    return { times, series };
  }, [load.data, typical]);

  const periods = load.data?.periods;
  const newest = periods?.findLast((period) => period.value !== null);
  const usual = newest ? typical(Date.parse(newest.start)) : undefined;
  const peak = periods
    ?.filter((period) => period.value !== null && Date.parse(period.start) >= today)
    .reduce<{ start: string; value: number | null } | undefined>(
      (most, p) => ((p.value ?? 0) > (most?.value ?? -1) ? p : most),
      undefined,
    );
  const lastDay =
    hours.data && settled(hours.data.periods, now).filter((period) => Date.parse(period.start) >= range.to - dayMs);
  const complete = lastDay && completenessOf(lastDay);
  const reporting = loading.data?.transformers.reduce((sum, t) => sum + t.metersPresent, 0);
  const expected = loading.data?.transformers.reduce((sum, t) => sum + t.metersExpected, 0);
  const partial = newest && newest.feedersPresent < newest.feedersExpected;

  return (
    <>
      <PageHead
        title="Overview"
        note={
          network
            ? `${network.feeders.length} feeders, ${network.transformers.length} transformers, ${network.meters.length} meters · times in ${zone}`
            : ' '
        }
      />
      <Failures asked={[load, hours, history, loading, outages, anomalies, ...asked]} subject="A part of this page" />
      <Figures
        figures={[
          {
            label: range.live ? 'Load now' : 'Load at the end',
            measure: load.data ? (newest?.value != null ? power(newest.value) : null) : undefined,
            note: newest
              ? `${shortTime(Date.parse(newest.end), now, zone)}${usual && newest.value !== null ? ` · ${against(newest.value, usual.median)}${against(newest.value, usual.median) === 'as usual' ? '' : ' against a typical day'}` : ''}${partial ? ` · ${newest.feedersPresent} of ${newest.feedersExpected} feeders` : ''}`
              : 'no readings in this range',
          },
          {
            label: "Today's peak",
            measure: load.data ? (peak?.value != null ? power(peak.value) : null) : undefined,
            note: peak ? `at ${clockTime(Date.parse(peak.start), zone)}` : 'no readings today yet',
          },
          {
            label: 'Completeness, 24 h',
            measure:
              complete === undefined
                ? undefined
                : complete === null
                  ? null
                  : { amount: percent(complete).replace(/.%$/, ''), unit: '%' },
            note:
              complete === null
                ? 'no readings were due'
                : reporting === undefined
                  ? ' '
                  : `${reporting} of ${expected} meters in the last interval`,
          },
          {
            label: 'Customers out',
            measure: out && {
              amount: String(out.reduce((sum, one) => sum + one.customersOut, 0)),
              unit: range.live ? 'now' : 'then',
            },
            note: out && (
              <a href={link('/outages')}>
                {out.length === 0 ? 'no open outage' : `${out.length} open ${out.length === 1 ? 'outage' : 'outages'}`}
              </a>
            ),
          },
          {
            label: 'To be judged',
            measure: !analyses
              ? null
              : unusual && {
                  amount: `${unusual.items.length}${unusual.next === null ? '' : '+'}`,
                  unit: unusual.items.length === 1 ? 'anomaly' : 'anomalies',
                },
            note: !analyses
              ? 'analysts see what is unusual'
              : unusual && (
                  <a href={link('/anomalies')}>
                    {unusual.items[0]
                      ? `${entityName(unusual.items[0])}: ${anomalyName(unusual.items[0])}`
                      : 'nothing unusual in 28 days'}
                  </a>
                ),
          },
        ]}
      />
      {load.data ? (
        <TimeChart
          title="System load"
          name="system-load"
          unit="kW"
          zone={zone}
          height={340}
          {...chart}
          detail={(index) => {
            const period = load.data?.periods[index];
            const kind = localHour(Date.parse(period?.start ?? ''), gridZone).weekend ? 'weekend' : 'working day';
            return period?.value == null
              ? 'no readings'
              : `measured by ${period.feedersPresent} of ${period.feedersExpected} feeders · ${kind}`;
          }}
        />
      ) : (
        <Skeleton height={400} />
      )}
      <FeederList feeders={feeders} />
    </>
  );
};
