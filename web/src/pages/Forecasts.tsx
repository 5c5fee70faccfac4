import { useMemo } from 'preact/hooks';
import { liveMs, useAnswer } from '../app/data.ts';
import { forecastCurves } from '../app/forecasts.ts';
import { link, setState, usePlace } from '../app/location.ts';
import { percent, power, threeDigits } from '../app/numbers.ts';
import { useRange } from '../app/range.ts';
import { ageName, dayMs, instantName, iso, shortTime } from '../app/times.ts';
import { type ChartSeries, TimeChart } from '../charts/TimeChart.tsx';
import { Failures, Figures, PageHead, Skeleton } from '../parts/pieces.tsx';

/** What came before the forecast, to read it by. */
const beforeMs = dayMs;

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

export const ForecastsPage = () => {
  const range = useRange();
  const { now, zone, gridZone } = range;
  const { query } = usePlace();
  const of = entityOf(query.get('of') ?? '');
  const network = useAnswer('getNetwork', {}, 60_000);
  const forecast = useAnswer(
    'getForecast',
    { params: of, query: range.live ? {} : { asOf: iso(range.to) } },
    4 * liveMs,
  );
  const { data } = forecast;
  const first = data ? Date.parse(data.issuedAt) : range.now;
  const from = first - beforeMs;
  const last = data?.intervals.at(-1)?.end;
  const hours = useHours(of, { from: iso(from), to: last ?? iso(range.to), tz: gridZone });
  const curves = useMemo(
    () => (data ? forecastCurves(data, hours?.data?.periods ?? [], from) : undefined),
    [data, hours?.data, from],
  );
  const series: ChartSeries[] = curves
    ? [
        { label: 'Lower', colour: '--band', kind: 'band-low', points: curves.low },
        { label: 'Forecast, middle 80 %', colour: '--band', kind: 'band-high', points: curves.high },
        { label: 'Issue before', colour: '--missing', kind: 'line', dash: [4, 4], points: curves.previous },
        { label: 'Forecast', colour: '--forecast', kind: 'line', points: curves.point },
        { label: 'Measured, by hour', colour: '--normal', kind: 'step', points: curves.actual },
      ]
    : [];
  const upcoming = curves?.times.flatMap((time, i) => (time >= now && curves.point[i] !== null ? [i] : [])) ?? [];
  const peakAt = upcoming.reduce<number | undefined>(
    (most, i) => (most === undefined || (curves?.point[i] ?? 0) > (curves?.point[most] ?? 0) ? i : most),
    undefined,
  );
  const missing = forecast.error && 'status' in forecast.error && forecast.error.status === 404;
  return (
    <>
      <PageHead
        title={`Forecast · ${nameOf(of)}`}
        note={
          data && (
            <>
              issued {shortTime(first, now, zone)} by {data.model} {data.modelVersion}, {data.method}
              {data.fallback !== null && ` (${data.fallback})`} · <a href={link('/models')}>models</a>
            </>
          )
        }
      />
      <div class="group">
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
      {missing ? (
        <p class="notice">
          <span>
            Nothing has been forecast of this yet: forecasts are issued each hour, from a week of readings on.
          </span>
        </p>
      ) : (
        <Failures asked={[forecast, network, ...(hours ? [hours] : [])]} subject="A part of this page" />
      )}
      {!missing && (
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
        !missing && <Skeleton height={420} />
      )}
    </>
  );
};
