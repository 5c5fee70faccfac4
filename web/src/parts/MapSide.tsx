import type { Answer } from '../app/api.ts';
import { useAnswer } from '../app/data.ts';
import { link, setState, usePlace } from '../app/location.ts';
import { said, threeDigits } from '../app/numbers.ts';
import { useRange } from '../app/range.ts';
import { ceilTo, iso, minuteMs, shortTime } from '../app/times.ts';
import { Sparkline } from '../charts/Sparkline.tsx';
import { feederLoadings } from './NetworkMap.tsx';
import { bandOf, LoadingBar, NoLoading, Status } from './status.tsx';

interface SideProps {
  network: Answer<'getNetwork'>;
  loading: Answer<'getNetworkLoading'> | undefined;
  /** ms */
  from: number;
  until: number;
}

const Transformer = ({ id, network, loading, from, until }: SideProps & { id: string }) => {
  const { zone, now } = useRange();
  const transformer = network.transformers.find((t) => t.transformerId === id);
  const state = loading?.transformers.find((t) => t.transformerId === id);
  const to = ceilTo(until, 30 * minuteMs);
  const course = useAnswer('getTransformerLoading', {
    params: { transformerId: id },
    query: { from: iso(ceilTo(from, 30 * minuteMs)), to: iso(to) },
  });
  if (!transformer) return <p class="empty">There is no transformer {id}.</p>;
  const meters = network.meters.filter((meter) => meter.transformerId === id);
  return (
    <>
      <dl class="facts">
        <dt>Loading</dt>
        <dd>
          {state?.loadingPercent == null ? (
            <NoLoading withheld={state?.withheld} />
          ) : (
            <LoadingBar percent={state.loadingPercent} />
          )}
        </dd>
        <dt>Load</dt>
        <dd>
          {state?.loadKva == null ? 'no readings in 6 h' : said({ amount: threeDigits(state.loadKva), unit: 'kVA' })}
        </dd>
        <dt>Rating</dt>
        <dd>{transformer.ratingKva} kVA</dd>
        <dt>Interval until</dt>
        <dd>{state?.end ? shortTime(Date.parse(state.end), now, zone) : '–'}</dd>
        <dt>Meters reporting</dt>
        <dd>{state ? `${state.metersPresent} of ${state.metersExpected}` : '…'}</dd>
        <dt>Feeder</dt>
        <dd>
          <a href={link(`/feeders/${transformer.feederId}`)}>{transformer.feederId}</a>
        </dd>
      </dl>
      <div style={{ margin: '12px 0' }}>
        <div class="muted">24 hours before</div>
        {course.data && (
          <Sparkline
            points={course.data.intervals.map((interval) => interval.loadKva)}
            label={`Loading of ${id} over 24 hours`}
          />
        )}
      </div>
      <div class="muted">Meters</div>
      <div style={{ display: 'flex', flexWrap: 'wrap', gap: '4px 12px' }}>
        {meters.map((meter) => (
          <a key={meter.meterId} href={link(`/meters/${meter.meterId}`)}>
            {meter.meterId}
          </a>
        ))}
      </div>
    </>
  );
};

const Feeder = ({ id, network, loading }: SideProps & { id: string }) => {
  const feeder = network.feeders.find((f) => f.feederId === id);
  if (!feeder) return <p class="empty">There is no feeder {id}.</p>;
  const percent = feederLoadings(network, loading).get(id) ?? null;
  const transformers = (loading?.transformers ?? [])
    .filter((t) => t.feederId === id)
    .sort((a, b) => (b.loadingPercent ?? 0) - (a.loadingPercent ?? 0));
  return (
    <>
      <dl class="facts">
        <dt>Loading, by its meters</dt>
        <dd>
          <LoadingBar percent={percent} />
        </dd>
        <dt>Rating</dt>
        <dd>{feeder.ratingKva} kVA</dd>
        <dt>Nominal voltage</dt>
        <dd>{feeder.nominalVoltageV} V</dd>
      </dl>
      <p style={{ margin: '12px 0' }}>
        <a href={link(`/feeders/${id}`)}>Load and voltage of {id}</a>
      </p>
      <div class="muted">Transformers, most loaded first</div>
      {transformers.map((t) => (
        <div key={t.transformerId} style={{ display: 'flex', justifyContent: 'space-between', padding: '4px 0' }}>
          <a href={link('/map', { select: `transformer:${t.transformerId}` })}>{t.transformerId}</a>
          <span>
            {t.loadingPercent === null ? (
              <NoLoading withheld={t.withheld} />
            ) : (
              <Status name={bandOf(t.loadingPercent)} word={`${Math.round(t.loadingPercent)} %`} />
            )}
          </span>
        </div>
      ))}
    </>
  );
};

const Meter = ({ id, network, from, until }: SideProps & { id: string }) => {
  const { gridZone } = useRange();
  const meter = network.meters.find((m) => m.meterId === id);
  const hours = useAnswer('getMeterConsumption', {
    params: { meterId: id },
    query: {
      granularity: 'hour',
      tz: gridZone,
      from: iso(ceilTo(from, 30 * minuteMs)),
      to: iso(ceilTo(until, 30 * minuteMs)),
    },
  });
  if (!meter) return <p class="empty">There is no meter {id}.</p>;
  return (
    <>
      <dl class="facts">
        <dt>Transformer</dt>
        <dd>
          <a href={link('/map', { select: `transformer:${meter.transformerId}` })}>{meter.transformerId}</a>
        </dd>
        <dt>Usage point</dt>
        <dd>{meter.usagePointId}</dd>
      </dl>
      <div style={{ margin: '12px 0' }}>
        <div class="muted">24 hours before</div>
        {hours.data && (
          <Sparkline
            points={hours.data.periods.map((period) => period.value)}
            label={`Consumption of ${id} over 24 hours`}
          />
        )}
        {hours.error && <p class="muted">{hours.error.message}</p>}
      </div>
      <a href={link(`/meters/${id}`)}>Load curve of {id}</a>
    </>
  );
};

/** What is picked on the map, and the way on from it; the most loaded transformers while nothing is. */
export const MapSide = (props: SideProps) => {
  const { query } = usePlace();
  const [kind = '', id = ''] = (query.get('select') ?? '').split(':');
  const most = [...(props.loading?.transformers ?? [])]
    .sort((a, b) => (b.loadingPercent ?? -1) - (a.loadingPercent ?? -1))
    .slice(0, 12);
  const body = { transformer: Transformer, feeder: Feeder, meter: Meter }[kind];
  const Body = body;
  return (
    <section class="panel" aria-label="Details">
      <header>
        <h2>{Body ? `${kind[0]?.toUpperCase()}${kind.slice(1)} ${id}` : 'Most loaded transformers'}</h2>
        {Body && (
          <button type="button" class="button quiet" onClick={() => setState({ select: null })}>
            Close
          </button>
        )}
      </header>
      <div class="body">
        {Body ? (
          <Body key={id} id={id} {...props} />
        ) : (
          most.map((t) => (
            <div
              key={t.transformerId}
              style={{ display: 'flex', justifyContent: 'space-between', gap: '8px', padding: '5px 0' }}
            >
              <a href={link('/map', { select: `transformer:${t.transformerId}` })}>{t.transformerId}</a>
              {t.loadingPercent === null ? (
                <NoLoading withheld={t.withheld} />
              ) : (
                <LoadingBar percent={t.loadingPercent} />
              )}
            </div>
          ))
        )}
      </div>
    </section>
  );
};
