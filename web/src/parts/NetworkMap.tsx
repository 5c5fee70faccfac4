import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { Answer } from '../app/api.ts';
import { setState, usePlace } from '../app/location.ts';
import { projectionOf, type View, viewOf, writtenView } from '../app/projection.ts';
import { bandOf, Status, type StatusName, statuses } from './status.tsx';

type Network = Answer<'getNetwork'>;
type Loading = Answer<'getNetworkLoading'>;

/** The worse of the bands of a feeder's transformers is not its own; a feeder is coloured by the sum of its transformers. */
export const feederLoadings = (network: Network, loading: Loading | undefined): Map<string, number | null> => {
  const sums = new Map<string, number | null>();
  for (const t of loading?.transformers ?? []) {
    if (t.loadKva !== null) sums.set(t.feederId, (sums.get(t.feederId) ?? 0) + t.loadKva);
  }
  return new Map(
    network.feeders.map((feeder) => {
      const loadKva = sums.get(feeder.feederId);
      return [feeder.feederId, loadKva === undefined || loadKva === null ? null : (loadKva / feeder.ratingKva) * 100];
    }),
  );
};

const FOCUS_ZOOM = 12;
const zoomLimits = { least: 0.6, most: 40 };
/** Names of transformers appear from this many pixels per map unit on. */
const nameFromZoom = 1.8;

/** Rings of [lon, lat]. */
type Area = readonly (readonly (readonly [number, number])[])[];

export const NetworkMap = ({
  network,
  loading,
  areas = [],
  focus,
}: {
  network: Network;
  loading: Loading | undefined;
  /** Without supply; hatched. */
  areas?: readonly Area[];
  /** What is looked at first; all of it without. */
  focus?: { lat: number; lon: number } | undefined;
}) => {
  const { query } = usePlace();
  const svg = useRef<SVGSVGElement>(null);
  const [size, setSize] = useState({ width: 800, height: 520 });
  const drag = useRef<{ x: number; y: number; view: View; moved: boolean } | undefined>(undefined);
  const selected = query.get('select') ?? '';
  const { project, width, height } = useMemo(
    () =>
      projectionOf([
        ...network.substations.map((s) => s.position),
        ...network.feeders.flatMap((f) => f.path),
        ...network.transformers.map((t) => t.position),
        ...network.meters.map((m) => m.position),
      ]),
    [network],
  );
  const [view, setView] = useState<View>(() => {
    if (!focus || query.has('view')) return viewOf(query.get('view'));
    const [x, y] = project(focus);
    return { x, y, zoom: FOCUS_ZOOM };
  });
  useEffect(() => {
    const element = svg.current;
    if (!element) return;
    const observer = new ResizeObserver(() => setSize({ width: element.clientWidth, height: element.clientHeight }));
    observer.observe(element);
    const wheel = (event: WheelEvent) => {
      event.preventDefault();
      const box = element.getBoundingClientRect();
      zoomBy(
        event.deltaY < 0 ? 1.2 : 1 / 1.2,
        event.clientX - box.left - box.width / 2,
        event.clientY - box.top - box.height / 2,
      );
    };
    element.addEventListener('wheel', wheel, { passive: false });
    return () => {
      observer.disconnect();
      element.removeEventListener('wheel', wheel);
    };
  });
  // The address follows the view once it rests: it is written often enough to be true and not with every pixel.
  useEffect(() => {
    const timer = setTimeout(() => {
      const written = writtenView(view);
      if (written !== writtenView(viewOf(query.get('view')))) setState({ view: written }, { replace: true });
    }, 250);
    return () => clearTimeout(timer);
  }, [view]);
  /** Pixels per map unit at zoom 1: the whole network with a margin. */
  const fit = Math.min(size.width / (width * 1.18), size.height / (height * 1.22));
  const scale = fit * view.zoom;
  const at = (position: { lat: number; lon: number }): [number, number] => {
    const [x, y] = project(position);
    return [(x - view.x) * scale + size.width / 2, (y - view.y) * scale + size.height / 2];
  };
  /** Keeps the map point under the given pixel (from the middle) where it is. */
  function zoomBy(factor: number, px = 0, py = 0): void {
    setView((before) => {
      const zoom = Math.min(zoomLimits.most, Math.max(zoomLimits.least, before.zoom * factor));
      const gain = 1 / (fit * before.zoom) - 1 / (fit * zoom);
      return { x: before.x + px * gain, y: before.y + py * gain, zoom };
    });
  }
  const moveBy = (px: number, py: number) =>
    setView((before) => ({ ...before, x: before.x + px / scale, y: before.y + py / scale }));
  const keys: Record<string, () => void> = {
    ArrowLeft: () => moveBy(-60, 0),
    ArrowRight: () => moveBy(60, 0),
    ArrowUp: () => moveBy(0, -60),
    ArrowDown: () => moveBy(0, 60),
    '+': () => zoomBy(1.4),
    '=': () => zoomBy(1.4),
    '-': () => zoomBy(1 / 1.4),
    '0': () => setView({ x: 0, y: 0, zoom: 1 }),
  };
  const pick = (what: string) => {
    if (!drag.current?.moved) setState({ select: what === selected ? null : what });
  };
  const pickable = (what: string, label: string) => ({
    role: 'button' as const,
    tabIndex: 0,
    'aria-label': label,
    'aria-pressed': what === selected,
    onClick: () => pick(what),
    onKeyDown: (event: KeyboardEvent) => {
      if (event.key !== 'Enter' && event.key !== ' ') return;
      event.preventDefault();
      pick(what);
    },
  });
  const loadings = new Map(loading?.transformers.map((t) => [t.transformerId, t]));
  const feeders = feederLoadings(network, loading);
  const path = (points: readonly { lat: number; lon: number }[]) =>
    points
      .map(
        (point, index) =>
          `${index === 0 ? 'M' : 'L'}${at(point)
            .map((n) => n.toFixed(1))
            .join(' ')}`,
      )
      .join('');
  const transformerAt = new Map(network.transformers.map((t) => [t.transformerId, t.position]));
  return (
    <div class="map-canvas">
      {/* biome-ignore lint/a11y/useSemanticElements: a drawing with buttons in it is a group. */}
      <svg
        ref={svg}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: arrow keys move the map.
        tabIndex={0}
        role="group"
        aria-label="Map of the network. Arrow keys move, plus and minus zoom, zero shows all."
        onKeyDown={(event) => {
          const act = keys[event.key];
          if (!act) return;
          event.preventDefault();
          act();
        }}
        onPointerDown={(event) => {
          drag.current = { x: event.clientX, y: event.clientY, view, moved: false };
        }}
        onPointerMove={(event) => {
          const from = drag.current;
          if (!from || event.buttons === 0) return;
          const [dx, dy] = [event.clientX - from.x, event.clientY - from.y];
          if (Math.abs(dx) + Math.abs(dy) > 4) from.moved = true;
          if (from.moved) setView({ ...from.view, x: from.view.x - dx / scale, y: from.view.y - dy / scale });
        }}
      >
        <pattern id="out" width="8" height="8" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
          <path d="M0 0V8" stroke="var(--critical)" stroke-width="2.5" />
        </pattern>
        {areas.map((area) => (
          <path
            key={JSON.stringify(area[0]?.[0])}
            d={area.map((ring) => `${path(ring.map(([lon, lat]) => ({ lat, lon })))}Z`).join('')}
            fill="url(#out)"
            fill-opacity="0.5"
            stroke="var(--critical)"
            stroke-width="1.5"
          />
        ))}
        {network.meters.map((meter) => {
          const to = transformerAt.get(meter.transformerId);
          return (
            to && (
              <path
                key={meter.meterId}
                d={path([to, meter.position])}
                stroke="var(--line)"
                stroke-width="1"
                fill="none"
              />
            )
          );
        })}
        {network.feeders.map((feeder) => {
          const percent = feeders.get(feeder.feederId) ?? null;
          const what = `feeder:${feeder.feederId}`;
          const band = bandOf(percent);
          return (
            <g
              key={feeder.feederId}
              {...pickable(
                what,
                `Feeder ${feeder.feederId}, ${percent === null ? 'no readings' : `loaded ${Math.round(percent)} %, ${statuses[band].word}`}`,
              )}
            >
              <path
                d={path(feeder.path)}
                class="halo"
                stroke={what === selected ? 'var(--focus)' : 'transparent'}
                stroke-width={what === selected ? 9 : 14}
                stroke-opacity="0.4"
                fill="none"
                stroke-linejoin="round"
              />
              <path
                d={path(feeder.path)}
                stroke={statuses[band].colour}
                stroke-width={band === 'normal' ? 2.5 : 4}
                stroke-dasharray={band === 'missing' ? '5 4' : undefined}
                fill="none"
                stroke-linejoin="round"
              />
            </g>
          );
        })}
        {network.meters.map((meter) => {
          const [x, y] = at(meter.position);
          const what = `meter:${meter.meterId}`;
          return (
            <g
              key={meter.meterId}
              {...pickable(what, `Meter ${meter.meterId}`)}
              tabIndex={view.zoom >= nameFromZoom ? 0 : -1}
            >
              <circle
                cx={x}
                cy={y}
                r="9"
                class="halo"
                fill="transparent"
                stroke={what === selected ? 'var(--focus)' : 'transparent'}
                stroke-width="2"
              />
              <circle
                cx={x}
                cy={y}
                r={view.zoom > 3 ? 4.5 : 3}
                fill="var(--surface)"
                stroke="var(--missing)"
                stroke-width="1.5"
              />
            </g>
          );
        })}
        {network.transformers.map((transformer) => {
          const [x, y] = at(transformer.position);
          const known = loadings.get(transformer.transformerId);
          const band: StatusName = known?.band ?? 'missing';
          const what = `transformer:${transformer.transformerId}`;
          const said =
            known?.loadingPercent == null
              ? known?.withheld
                ? 'loading withheld'
                : 'no readings'
              : `${Math.round(known.loadingPercent)} % of its rating, ${statuses[band].word}`;
          return (
            <g
              key={transformer.transformerId}
              transform={`translate(${x.toFixed(1)} ${y.toFixed(1)})`}
              {...pickable(what, `Transformer ${transformer.transformerId} ${said}`)}
            >
              <circle
                r="14"
                class="halo"
                fill="transparent"
                stroke={what === selected ? 'var(--focus)' : 'transparent'}
                stroke-width="2"
              />
              <path
                d={statuses[band].shape}
                transform="scale(1.5) translate(-5 -5)"
                fill={statuses[band].colour}
                stroke="var(--surface)"
                stroke-width="1"
              />
              {view.zoom >= nameFromZoom && (
                <text x="12" y="-8">
                  {transformer.transformerId}
                  {known?.loadingPercent == null ? '' : ` ${Math.round(known.loadingPercent)} %`}
                </text>
              )}
            </g>
          );
        })}
        {network.substations.map((substation) => {
          const [x, y] = at(substation.position);
          return (
            <g key={substation.substationId} transform={`translate(${x.toFixed(1)} ${y.toFixed(1)})`}>
              <rect x="-9" y="-9" width="18" height="18" rx="3" fill="var(--text)" />
              <path d="M1.5-6-4 1.5h4L-1 6 4-1.5H0Z" fill="var(--surface)" />
              <text x="14" y="4" font-weight="600">
                {substation.name}
              </text>
            </g>
          );
        })}
      </svg>
      <div class="tools">
        <button type="button" class="button" aria-label="Zoom in" onClick={() => zoomBy(1.5)}>
          +
        </button>
        <button type="button" class="button" aria-label="Zoom out" onClick={() => zoomBy(1 / 1.5)}>
          −
        </button>
        <button
          type="button"
          class="button"
          aria-label="Show the whole network"
          onClick={() => setView({ x: 0, y: 0, zoom: 1 })}
        >
          ⤢
        </button>
      </div>
      <ul class="legend">
        {(['normal', 'warn', 'high', 'critical', 'missing'] as const).map((name) => (
          <li key={name}>
            <Status name={name} />
          </li>
        ))}
        {areas.length > 0 && (
          <li>
            <svg viewBox="0 0 16 10" aria-hidden="true">
              <rect width="16" height="10" fill="url(#out)" stroke="var(--critical)" />
            </svg>
            without supply
          </li>
        )}
      </ul>
    </div>
  );
};
