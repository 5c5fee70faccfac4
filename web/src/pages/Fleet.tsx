import { useMemo } from 'preact/hooks';
import type { Answer } from '../app/api.ts';
import { liveMs, useAnswer } from '../app/data.ts';
import { completenessOf, settled, useFeeders } from '../app/feeders.ts';
import { link } from '../app/location.ts';
import { percent } from '../app/numbers.ts';
import { useRange } from '../app/range.ts';
import { ageName, dayName, iso, minuteMs, shortTime, startOfLocalDay } from '../app/times.ts';
import { TimeChart } from '../charts/TimeChart.tsx';
import { type Column, List } from '../parts/list.tsx';
import { Failures, Figures, PageHead, Skeleton } from '../parts/pieces.tsx';
import { Status } from '../parts/status.tsx';

type Row = Answer<'getNetworkLoading'>['transformers'][number];

/** A reading is late when it is older than two intervals and the time a meter takes to send it. */
const lateAfterMs = 75 * minuteMs;

export const FleetPage = () => {
  const range = useRange();
  const { now, zone, gridZone } = range;
  const { feeders, asked, network } = useFeeders(range);
  const loading = useAnswer('getNetworkLoading', { query: range.live ? {} : { at: iso(range.to) } }, liveMs);
  const today = startOfLocalDay(range.to - 1, gridZone);
  const days = useAnswer(
    'getSystemConsumption',
    {
      query: { granularity: 'day', tz: gridZone, from: iso(startOfLocalDay(today, gridZone, -34)), to: iso(range.to) },
    },
    4 * liveMs,
  );
  const hours = useAnswer(
    'getSystemConsumption',
    { query: { granularity: 'hour', tz: gridZone, from: iso(range.from), to: iso(range.to) } },
    4 * liveMs,
  );
  const rows = loading.data?.transformers;
  const expected = rows?.reduce((sum, t) => sum + t.metersExpected, 0);
  const reporting = rows?.reduce((sum, t) => sum + t.metersPresent, 0);
  const newestMeter = rows && Math.max(...rows.map((t) => (t.end && t.metersPresent > 0 ? Date.parse(t.end) : 0)), 0);
  const newestSensor = feeders && Math.max(...feeders.map((f) => f.newest ?? 0), 0);
  const complete = hours.data && completenessOf(settled(hours.data.periods, now));
  const age = (time: number | undefined) =>
    time === undefined ? undefined : time === 0 ? null : { amount: ageName(Math.max(0, now - time)), unit: 'old' };
  const chart = useMemo(() => {
    const periods = days.data?.periods ?? [];
    return {
      times: periods.map((period) => Date.parse(period.start)),
      series: [
        {
          label: 'Readings present',
          colour: '--normal',
          kind: 'bars' as const,
          points: periods.map((p) =>
            p.intervalsExpected === 0 ? null : (p.intervalsPresent / p.intervalsExpected) * 100,
          ),
        },
      ],
    };
  }, [days.data]);
  const statusOf = (row: Row): { name: 'normal' | 'warn' | 'missing'; word: string } => {
    if (row.metersExpected === 0) return { name: 'missing', word: 'no meter in service' };
    if (row.end === null || row.metersPresent === 0) return { name: 'missing', word: 'no readings in 6 h' };
    if (now - Date.parse(row.end) > lateAfterMs)
      return { name: 'warn', word: `no readings since ${shortTime(Date.parse(row.end), now, zone)}` };
    if (row.metersPresent < row.metersExpected)
      return { name: 'warn', word: `${row.metersExpected - row.metersPresent} silent` };
    return { name: 'normal', word: 'all reporting' };
  };
  const columns: readonly Column<Row>[] = [
    { label: 'Transformer', plain: (t) => t.transformerId, show: (t) => t.transformerId },
    { label: 'Feeder', wide: true, plain: (t) => t.feederId, show: (t) => t.feederId },
    { label: 'In service', numeric: true, plain: (t) => t.metersExpected, show: (t) => t.metersExpected },
    { label: 'Reporting', numeric: true, plain: (t) => t.metersPresent, show: (t) => t.metersPresent },
    {
      label: 'Newest interval',
      numeric: true,
      wide: true,
      plain: (t) => t.end,
      show: (t) => (t.end ? shortTime(Date.parse(t.end), now, zone) : 'none in 6 h'),
    },
    { label: 'Status', plain: (t) => statusOf(t).word, show: (t) => <Status {...statusOf(t)} /> },
  ];
  return (
    <>
      <PageHead title="Fleet" note="what is in service, what it sends, and how old the newest of it is" />
      <Failures asked={[loading, days, hours, ...asked]} subject="A part of this page" />
      <Figures
        figures={[
          {
            label: 'Meters in service',
            measure:
              expected === undefined
                ? undefined
                : { amount: String(expected), unit: `of ${network?.meters.length ?? '…'} known` },
            note: 'at the last interval',
          },
          {
            label: 'Reporting',
            measure:
              reporting === undefined
                ? undefined
                : { amount: String(reporting), unit: reporting === 1 ? 'meter' : 'meters' },
            note: 'with a reading in the last interval',
          },
          {
            label: 'Completeness',
            measure:
              complete === undefined
                ? undefined
                : complete === null
                  ? null
                  : { amount: percent(complete).replace(/.%$/, ''), unit: '%' },
            note: complete === null ? 'no readings were due' : 'over the range',
          },
          {
            label: 'Newest reading',
            measure: age(newestMeter),
            note: newestMeter ? `until ${shortTime(newestMeter, now, zone)}` : 'none in 6 h',
          },
          {
            label: 'Newest sensor sample',
            measure: age(newestSensor),
            note: feeders ? `${feeders.filter((f) => f.newest).length} of ${feeders.length} feeder sensors heard` : ' ',
          },
        ]}
      />
      {days.data ? (
        <TimeChart
          title={`Completeness by day, ${gridZone}`}
          name="completeness"
          unit="%"
          zone={gridZone}
          height={200}
          {...chart}
          timeName={(index) => dayName(chart.times[index] ?? 0, gridZone)}
          detail={(index) => {
            const period = days.data?.periods[index];
            return period ? `${period.intervalsPresent} of ${period.intervalsExpected} readings` : '';
          }}
        />
      ) : (
        <Skeleton height={260} />
      )}
      {rows ? (
        <List
          name="fleet"
          title="Meters by transformer"
          rows={rows}
          keyOf={(t) => t.transformerId}
          hrefOf={(t) => link('/map', { select: `transformer:${t.transformerId}` })}
          columns={columns}
          filter
          empty="No transformer has been imported yet."
        />
      ) : (
        <Skeleton height={320} />
      )}
    </>
  );
};
