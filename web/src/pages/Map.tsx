import { useEffect, useState } from 'preact/hooks';
import { addressOfRoute } from '../app/api.ts';
import { liveMs, useAnswer, useServices } from '../app/data.ts';
import { setState, usePlace } from '../app/location.ts';
import { useRange } from '../app/range.ts';
import { ceilTo, hourMs, instantName, iso, minuteMs } from '../app/times.ts';
import { MapSide } from '../parts/MapSide.tsx';
import { NetworkMap } from '../parts/NetworkMap.tsx';
import { Failures, PageHead, Skeleton } from '../parts/pieces.tsx';

const stepMs = 30 * minuteMs;
const steps = 96;
/** How far ahead of the slider loadings are fetched, so that scrubbing stays smooth. */
const ahead = 6;

export const MapPage = () => {
  const range = useRange();
  const { answers } = useServices();
  const { query } = usePlace();
  const end = ceilTo(range.now, stepMs) - stepMs;
  const when = Date.parse(query.get('when') ?? '');
  const shown = Number.isNaN(when) ? (range.live ? undefined : end) : when;
  const [playing, setPlaying] = useState(false);
  const position =
    shown === undefined ? steps : Math.min(steps, Math.max(0, Math.round((shown - end) / stepMs) + steps));
  const network = useAnswer('getNetwork', {}, 60_000);
  const loading = useAnswer(
    'getNetworkLoading',
    { query: shown === undefined ? {} : { at: iso(shown) } },
    shown === undefined ? liveMs : undefined,
  );
  const outages = useAnswer(
    'listOutages',
    { query: { from: iso((shown ?? end) - 1), to: iso((shown ?? end) + stepMs), limit: 1000 } },
    shown === undefined ? liveMs : undefined,
  );
  const areas = (outages.data?.items ?? []).flatMap(({ status, area }) =>
    area && status !== 'dismissed' ? [area.coordinates] : [],
  );
  const move = (to: number) =>
    setState({ when: to >= steps ? null : iso(end - (steps - to) * stepMs) }, { replace: true });

  useEffect(() => {
    if (shown === undefined) return;
    const stops = Array.from({ length: ahead }, (_, index) => shown + (index + 1) * stepMs)
      .filter((time) => time < end)
      .map((time) => answers.watch(addressOfRoute('getNetworkLoading', { query: { at: iso(time) } }), () => undefined));
    return () => {
      for (const stop of stops) stop();
    };
  }, [answers, shown, end]);

  useEffect(() => {
    if (!playing) return;
    const timer = setTimeout(() => {
      if (position >= steps) setPlaying(false);
      else move(position + 1);
    }, 160);
    return () => clearTimeout(timer);
  });

  return (
    <>
      <PageHead title="Map" note="loading of transformers and feeders, from their meters" />
      <Failures asked={[network, loading, outages]} subject="The loading on the map" />
      {network.data ? (
        <div class="map">
          <section class="panel" aria-label="Network">
            <NetworkMap network={network.data} loading={loading.data} areas={areas} />
            <div class="slider">
              <button
                type="button"
                class="button"
                aria-pressed={playing}
                onClick={() => {
                  if (!playing && position >= steps) move(0);
                  setPlaying(!playing);
                }}
              >
                {playing ? 'Pause' : 'Play'}
              </button>
              <input
                type="range"
                min={0}
                max={steps}
                value={position}
                aria-label="Time, over the last 48 hours"
                aria-valuetext={shown === undefined ? 'now' : instantName(shown, range.zone)}
                onInput={(event) => {
                  setPlaying(false);
                  move(Number(event.currentTarget.value));
                }}
              />
              <span class="tabular" style={{ minWidth: '150px', textAlign: 'right' }}>
                {shown === undefined ? 'now' : instantName(shown, range.zone)}
              </span>
            </div>
          </section>
          <MapSide
            network={network.data}
            loading={loading.data}
            until={shown ?? range.now}
            from={(shown ?? end) - 24 * hourMs}
          />
        </div>
      ) : (
        <Skeleton height={560} />
      )}
    </>
  );
};
