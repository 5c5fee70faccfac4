import { useEffect, useId, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import { saveCsv, type Table } from '../app/csv.ts';
import { threeDigits } from '../app/numbers.ts';
import { instantName, iso } from '../app/times.ts';
import { colourOf, optionsOf } from './drawing.ts';
import { savePicture } from './picture.ts';
import { useTheme } from './theme.ts';

export interface ChartSeries {
  label: string;
  /** A custom property, such as `--normal`. */
  colour: string;
  points: readonly (number | null)[];
  kind: 'line' | 'step' | 'bars' | 'band-low' | 'band-high';
  dash?: readonly number[];
}

/** A stretch of the quality lane, ms. */
export interface LaneStretch {
  from: number;
  to: number;
  quality: 'raw' | 'estimated' | 'edited' | 'missing' | 'awaited';
}

export interface ChartProps {
  title: string;
  /** File name without its ending. */
  name: string;
  unit: string;
  zone: string;
  /** Starts of the points, ms, in order. */
  times: readonly number[];
  series: readonly ChartSeries[];
  height?: number;
  /** Dashed horizontal lines. With limits the axis need not start at zero. */
  limits?: readonly { at: number; label: string }[];
  lane?: readonly LaneStretch[];
  /** Stretches to look at, ms: shaded behind the lines, with their names. */
  spans?: readonly { from: number; to: number; label: string }[];
  /** More about one point for hover and table, such as its quality. */
  detail?: (index: number) => string;
  /** How a point's time is said; the instant by default. */
  timeName?: (index: number) => string;
}

const Swatch = ({ series }: { series: ChartSeries }) => (
  <svg viewBox="0 0 16 10" aria-hidden="true">
    {series.kind === 'band-high' || series.kind === 'bars' ? (
      <rect width="16" height="10" rx="2" fill={`var(${series.colour})`} />
    ) : (
      <path d="M0 5H16" stroke={`var(${series.colour})`} stroke-width="2.5" stroke-dasharray={series.dash?.join(' ')} />
    )}
  </svg>
);

const laneWords = {
  raw: 'as received',
  estimated: 'estimated',
  edited: 'edited',
  missing: 'missing',
  awaited: 'awaited',
} as const;

/** A chart over time: gaps are gaps, hover and arrow keys say value, quality and time, and it can be read as a table. */
export const TimeChart = (props: ChartProps) => {
  const { title, name, unit, zone, times, series, height = 260, detail, timeName } = props;
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const latest = useRef(props);
  latest.current = props;
  const [asTable, setAsTable] = useState(false);
  const [hovered, setHovered] = useState<{ index: number; left: number; flip: boolean } | undefined>(undefined);
  const theme = useTheme();
  const describedBy = useId();
  const shape = JSON.stringify([
    series.map((s) => [s.label, s.colour, s.kind, s.dash]),
    zone,
    unit,
    height,
    theme,
    asTable,
    !!props.lane,
  ]);

  useEffect(() => {
    const element = host.current;
    if (!element) return;
    const data = () =>
      [
        latest.current.times.map((t) => t / 1000),
        ...latest.current.series.map((s) => [...s.points]),
      ] as uPlot.AlignedData;
    const chart = new uPlot(
      optionsOf(
        () => latest.current,
        element,
        (index, left, width) => {
          setHovered(index === undefined ? undefined : { index, left, flip: left > width / 2 });
        },
      ),
      data(),
      element,
    );
    plot.current = chart;
    const observer = new ResizeObserver(() => chart.setSize({ width: element.clientWidth, height }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      chart.destroy();
      plot.current = undefined;
    };
  }, [shape]);

  useEffect(() => {
    plot.current?.setData([times.map((t) => t / 1000), ...series.map((s) => [...s.points])] as uPlot.AlignedData);
  }, [times, series]);

  const say = (index: number): string => timeName?.(index) ?? instantName(times[index] ?? 0, zone);
  const shown = series.filter((s) => s.kind !== 'band-low');
  const table = (): Table => ({
    columns: [
      'start (UTC)',
      `time (${zone})`,
      ...series.map((s) => `${s.label} (${unit})`),
      ...(detail ? ['detail'] : []),
    ],
    rows: times.map((time, index) => [
      iso(time),
      say(index),
      ...series.map((s) => s.points[index] ?? null),
      ...(detail ? [detail(index)] : []),
    ]),
  });
  const step = (by: number) => {
    const chart = plot.current;
    if (!chart || times.length === 0) return;
    const from = chart.cursor.idx ?? (by > 0 ? -1 : times.length);
    const index = Math.min(times.length - 1, Math.max(0, from + by));
    chart.setCursor({ left: chart.valToPos((times[index] ?? 0) / 1000, 'x'), top: 10 });
  };
  const steps: Record<string, number> = {
    ArrowLeft: -1,
    ArrowRight: 1,
    PageUp: -12,
    PageDown: 12,
    Home: -1e9,
    End: 1e9,
  };

  return (
    <section class="panel chart">
      <header>
        <h2>{title}</h2>
        <ul class="legend">
          {(series.length > 1 ? shown : []).map((s) => (
            <li key={s.label}>
              <Swatch series={s} />
              {s.label}
            </li>
          ))}
        </ul>
        <div class="group">
          <button type="button" class="button quiet" aria-pressed={asTable} onClick={() => setAsTable(!asTable)}>
            Table
          </button>
          <button type="button" class="button quiet" onClick={() => saveCsv(name, table())}>
            CSV
          </button>
          <button
            type="button"
            class="button quiet"
            disabled={asTable}
            onClick={() => plot.current && savePicture(name, title, plot.current)}
          >
            PNG
          </button>
        </div>
      </header>
      {asTable ? (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard (WCAG 2.1.1).
        <section class="chart-table" tabIndex={0} aria-label={`${title} as a table`}>
          <table>
            <thead>
              <tr>
                <th>Time</th>
                {series.map((s) => (
                  <th class="num" key={s.label}>
                    {s.label}, {unit}
                  </th>
                ))}
                {detail && <th>Quality</th>}
              </tr>
            </thead>
            <tbody>
              {times.map((time, index) => (
                <tr key={time}>
                  <td>{say(index)}</td>
                  {series.map((s) => (
                    <td class="num" key={s.label}>
                      {s.points[index] === null || s.points[index] === undefined ? '–' : threeDigits(s.points[index])}
                    </td>
                  ))}
                  {detail && <td>{detail(index)}</td>}
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      ) : (
        // biome-ignore lint/a11y/useSemanticElements: a fieldset would be read as a form.
        <div
          class="plot"
          role="group"
          // biome-ignore lint/a11y/noNoninteractiveTabindex: the arrow keys move the crosshair.
          tabIndex={0}
          aria-label={`${title}, chart in ${unit}. Arrow keys move the crosshair.`}
          aria-describedby={describedBy}
          style={{ minHeight: `${height}px` }}
          onKeyDown={(event) => {
            const by = steps[event.key];
            if (by === undefined) return;
            event.preventDefault();
            step(by);
          }}
          onBlur={() => setHovered(undefined)}
        >
          <div ref={host} />
          <div id={describedBy} aria-live="polite">
            {hovered && times[hovered.index] !== undefined && (
              <div
                class="tip"
                style={{
                  transform: `translate(${hovered.left}px, 8px) translateX(${hovered.flip ? 'calc(-100% - 12px)' : '12px'})`,
                }}
              >
                <div class="muted">{say(hovered.index)}</div>
                {shown.map((s) => (
                  <div class="row" key={s.label}>
                    <span>{s.label}</span>
                    <b>{tipText(s, series, hovered.index, unit)}</b>
                  </div>
                ))}
                {detail && <div class="muted">{detail(hovered.index)}</div>}
              </div>
            )}
          </div>
        </div>
      )}
      {props.lane && !asTable && (
        <ul class="legend" aria-label="Quality lane">
          {(['raw', 'estimated', 'edited', 'missing', 'awaited'] as const).map((quality) => (
            <li key={quality}>
              <svg viewBox="0 0 16 10" aria-hidden="true">
                <rect
                  y={quality === 'raw' ? 4 : 1}
                  width="16"
                  height={quality === 'raw' ? 2 : 8}
                  fill={`var(${colourOf[quality]})`}
                />
              </svg>
              {laneWords[quality]}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
};

const tipText = (s: ChartSeries, all: readonly ChartSeries[], index: number, unit: string): string => {
  const point = s.points[index];
  if (point === null || point === undefined) return 'no value';
  if (s.kind !== 'band-high') return `${threeDigits(point)} ${unit}`;
  const low = all.find((other) => other.kind === 'band-low')?.points[index];
  return `${low === null || low === undefined ? '' : `${threeDigits(low)} – `}${threeDigits(point)} ${unit}`;
};
