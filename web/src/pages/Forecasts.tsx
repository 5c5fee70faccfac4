import { useMemo } from 'preact/hooks';
import type { Answer } from '../app/api.ts';
import { liveMs, useAnswer } from '../app/data.ts';
import { forecastCurves } from '../app/forecasts.ts';
import { link, setState, usePlace } from '../app/location.ts';
import { percent, power, threeDigits } from '../app/numbers.ts';
import { useRange } from '../app/range.ts';
import { ageName, dayMs, hourMs, instantName, iso, shortTime } from '../app/times.ts';
import { type ChartSeries, TimeChart } from '../charts/TimeChart.tsx';
import { type Column, List } from '../parts/list.tsx';
import { Failures, Figures, PageHead, Skeleton } from '../parts/pieces.tsx';

/** What came before the forecast, to read it by. */
const beforeMs = dayMs;
/** Among what was issued in so long, the page looks for a forecast. */
const issuesMs = 28 * dayMs;

const entityOf = (
  written: string,
): { entity: 'system' | 'region' | 'feeder' | 'transformer' | 'meter'; id: string } => {
  const [entity, id] = written.split(':');
  const known = (['region', 'feeder', 'transformer', 'meter'] as const).find((one) => one === entity);
  return known && id ? { entity: known, id } : { entity: 'system', id: 'system' };
};

const nameOf = ({ entity, id }: ReturnType<typeof entityOf>): string =>
  entity === 'system' ? 'System' : `${entity[0]?.toUpperCase()}${entity.slice(1)} ${id}`;

/** Hourly consumption of whatever is forecast. */
const useHours = (of: ReturnType<typeof entityOf>, query: { from: string; to: string; tz: string }) => {
  const hourly = { granularity: 'hour' as const, ...query };
  const { entity, id } = of;
  const only = <T,>(kind: string, call: T): T | undefined => (entity === kind ? call : undefined);
  const asked = [
    useAnswer('getSystemConsumption', only('system', { query: hourly }), liveMs),
    useAnswer('getRegionConsumption', only('region', { params: { regionId: id }, query: hourly }), liveMs),
    useAnswer('getFeederConsumption', only('feeder', { params: { feederId: id }, query: hourly }), liveMs),
    useAnswer(
      'getTransformerConsumption',
      only('transformer', { params: { transformerId: id }, query: hourly }),
      liveMs,
    ),
    useAnswer('getMeterConsumption', only('meter', { params: { meterId: id }, query: hourly }), liveMs),
  ];
  return asked[['system', 'region', 'feeder', 'transformer', 'meter'].indexOf(entity)];
};

/** `pooled-ensemble/temperature-none` → `pooled ensemble, temperature none`, and why a simpler method answered. */
const methodName = ({ method, fallback }: { method: string; fallback: string | null }): string =>
  `${method.replaceAll('/', ', ')}${fallback === null ? '' : ` (${fallback})`}`.replaceAll('-', ' ');

type Issue = Answer<'listForecastIssues'>['items'][number];

const issueColumns = (now: number, zone: string): Column<Issue>[] => [
  { label: 'Issued', plain: (i) => i.issuedAt, show: (i) => shortTime(Date.parse(i.issuedAt), now, zone) },
  {
    label: 'Error',
    numeric: true,
    plain: (i) => (i.outcome ? i.outcome.error / i.outcome.scale : null),
    show: (i) => (i.outcome ? percent(i.outcome.error / i.outcome.scale) : <span class="muted">not over yet</span>),
  },
  {
    label: 'Within its band',
    numeric: true,
    wide: true,
    plain: (i) => i.outcome?.coverage ?? null,
    show: (i) => (i.outcome ? percent(i.outcome.coverage) : '–'),
  },
  { label: 'Version', wide: true, plain: (i) => i.modelVersion, show: (i) => i.modelVersion },
  {
    label: 'Method',
    wide: true,
    plain: methodName,
    show: methodName,
  },
];

export const ForecastsPage = () => {
  const range = useRange();
  const { now, zone, gridZone } = range;
  const { query } = usePlace();
  const of = entityOf(query.get('of') ?? '');
  const network = useAnswer('getNetwork', {}, 60_000);
  const issues = useAnswer(
    'listForecastIssues',
    { params: of, query: { from: iso(range.to - issuesMs), to: iso(range.to + 1), limit: 100 } },
    4 * liveMs,
  );
  const none = issues.data?.items.length === 0 && !issues.loading;
  const forecast = useAnswer(
    'getForecast',
    issues.data?.items.length ? { params: of, query: range.live ? {} : { asOf: iso(range.to) } } : undefined,
    4 * liveMs,
  );
  const { data } = forecast;
  const first = data ? Date.parse(data.issuedAt) : range.now;
  const from = first - beforeMs;
  const last = data?.intervals.at(-1)?.end;
  const hours = useHours(of, { from: iso(from), to: last ?? iso(range.to), tz: gridZone });
  const hour = Math.floor(now / hourMs) * hourMs;
  const curves = useMemo(
    () => (data ? forecastCurves(data, hours?.data?.periods ?? [], { from, now: hour }) : undefined),
    [data, hours?.data, from, hour],
  );
  const series: ChartSeries[] = curves
    ? [
        { label: 'Lower', colour: '--forecast-band', kind: 'band-low', points: curves.low },
        { label: 'Forecast, middle 80 %', colour: '--forecast-band', kind: 'band-high', points: curves.high },
        { label: 'Issue before', colour: '--missing', kind: 'line', dash: [2, 4], points: curves.previous },
        { label: 'Forecast', colour: '--forecast', kind: 'line', dash: [8, 3], points: curves.point },
        { label: 'Measured, by hour', colour: '--normal', kind: 'step', points: curves.actual },
      ]
    : [];
  const upcoming = curves?.times.flatMap((time, i) => (time >= now && curves.point[i] !== null ? [i] : [])) ?? [];
  const peakAt = upcoming.reduce<number | undefined>(
    (most, i) => (most === undefined || (curves?.point[i] ?? 0) > (curves?.point[most] ?? 0) ? i : most),
    undefined,
  );
  return (
    <>
      <PageHead
        title={`Forecast · ${nameOf(of)}`}
        note={
          data && (
            <>
              issued {shortTime(first, now, zone)} by {data.model} {data.modelVersion}, {methodName(data)} ·{' '}
              <a href={link('/models')}>models</a>
            </>
          )
        }
      />
      <div>
        <label class="muted">
          Of{' '}
          <select
            class="button"
            value={of.entity === 'system' ? '' : `${of.entity}:${of.id}`}
            onChange={(event) => setState({ of: event.currentTarget.value || null })}
          >
            <option value="">the system</option>
            {network.data?.regions.map((r) => (
              <option key={r.regionId} value={`region:${r.regionId}`}>
                region {r.name}
              </option>
            ))}
            {network.data?.feeders.map((f) => (
              <option key={f.feederId} value={`feeder:${f.feederId}`}>
                feeder {f.feederId}
              </option>
            ))}
            {network.data?.transformers.map((t) => (
              <option key={t.transformerId} value={`transformer:${t.transformerId}`}>
                transformer {t.transformerId}
              </option>
            ))}
            {network.data?.meters.map((m) => (
              <option key={m.meterId} value={`meter:${m.meterId}`}>
                meter {m.meterId}
              </option>
            ))}
          </select>
        </label>
      </div>
      <Failures asked={[issues, forecast, network, ...(hours ? [hours] : [])]} subject="A part of this page" />
      {none && (
        <p class="notice">
          {range.live
            ? 'Nothing has been forecast of this yet: forecasts are issued each hour, from a week of readings on.'
            : `Nothing was forecast of this in the 28 days before ${instantName(range.to, zone)}.`}
        </p>
      )}
      {!none && (
        <Figures
          figures={[
            {
              label: 'Next peak',
              measure: curves ? (peakAt === undefined ? null : power(curves.point[peakAt] ?? 0)) : undefined,
              note: peakAt === undefined ? 'the horizon is over' : shortTime(curves?.times[peakAt] ?? 0, now, zone),
            },
            {
              label: 'Its middle 80 %',
              measure:
                curves && peakAt !== undefined
                  ? {
                      amount: `${threeDigits(curves.low[peakAt] ?? 0)}–${threeDigits(curves.high[peakAt] ?? 0)}`,
                      unit: 'kW',
                    }
                  : curves && null,
              note: 'four times in five the load lies within',
            },
            {
              label: 'Age of the forecast',
              measure: data && {
                amount: ageName(now - first).split(' ')[0] ?? '',
                unit: `${ageName(now - first).split(' ')[1] ?? ''} old`,
              },
              note: data && `readings up to ${instantName(first, zone)}`,
            },
            {
              label: 'Error so far',
              measure: data
                ? data.outcome
                  ? { amount: percent(data.outcome.error / data.outcome.scale).replace(/.%$/, ''), unit: '%' }
                  : null
                : undefined,
              note: data?.outcome
                ? `of the mean load, over ${data.outcome.intervals} intervals`
                : 'no readings to compare with yet',
            },
            {
              label: 'Within its band',
              measure: data
                ? data.outcome
                  ? { amount: percent(data.outcome.coverage).replace(/.%$/, ''), unit: '%' }
                  : null
                : undefined,
              note: data?.outcome ? 'of what came; 80 % is meant' : 'no readings to compare with yet',
            },
          ]}
        />
      )}
      {curves ? (
        <TimeChart
          title={`${nameOf(of)}: what came and what is expected`}
          name={`forecast-${of.id}`}
          unit="kW"
          zone={zone}
          height={340}
          times={curves.times}
          series={series}
        />
      ) : (
        !none && <Skeleton height={420} />
      )}
      {issues.data && !none && (
        <List
          name={`forecast-issues-${of.id}`}
          title="Issues and how they turned out"
          rows={issues.data.items}
          keyOf={(i) => i.issuedAt}
          hrefOf={(i) => link('/forecasts', { of: query.get('of'), at: i.issuedAt })}
          columns={issueColumns(now, zone)}
          empty=""
        />
      )}
    </>
  );
};
