import uPlot from 'uplot';
import { threeDigits } from '../app/numbers.ts';
import type { ChartProps, ChartSeries } from './TimeChart.tsx';
import { resolved } from './theme.ts';

export const colourOf = {
  raw: '--normal',
  estimated: '--warning',
  edited: '--edited',
  missing: '--missing',
  awaited: '--band',
} as const;

const laneHeight = 10;
const font = '12px "Inter Variable", system-ui, sans-serif';
const bars = uPlot.paths.bars?.({ size: [0.84, 48], align: 1 });

const seriesOf = (series: ChartSeries): uPlot.Series => {
  const stroke = resolved(series.colour);
  const base = { label: series.label, spanGaps: false, points: { show: false } };
  if (series.kind === 'band-low' || series.kind === 'band-high') return { ...base, stroke: 'transparent', width: 0 };
  if (series.kind === 'bars') return { ...base, stroke, fill: stroke, width: 0, ...(bars ? { paths: bars } : {}) };
  const line: uPlot.Series = { ...base, stroke, width: 2, ...(series.dash ? { dash: [...series.dash] } : {}) };
  // A lone value between two gaps has no line to show it: uPlot draws it as a point.
  line.points =
    series.kind === 'step' ? { show: false } : { show: true, filter: lonePoints, size: 4, fill: stroke, stroke };
  if (series.kind === 'step') line.paths = steps;
  return line;
};

/** Each value over the whole of its interval; joined to the next only where there is one. */
const steps: uPlot.Series.PathBuilder = (u, index, from, to) => {
  const stroke = new Path2D();
  const [times, points] = [u.data[0], u.data[index] ?? []];
  const stepSeconds = times.length > 1 ? Math.min((times[1] ?? 0) - (times[0] ?? 0), 86_400) : 1800;
  const x = (seconds: number) => u.valToPos(seconds, 'x', true);
  for (let at = from; at <= to; at += 1) {
    const [time, point] = [times[at] ?? 0, points[at]];
    if (point === null || point === undefined) continue;
    const y = u.valToPos(point, 'y', true);
    const joined = at > from && points[at - 1] !== null && points[at - 1] !== undefined;
    if (joined) stroke.lineTo(x(time), y);
    else stroke.moveTo(x(time), y);
    stroke.lineTo(x(time + stepSeconds), y);
  }
  return { stroke, fill: null, clip: null, band: null, flags: 0 };
};

/** Values with nothing on either side, which no line would show. */
const lonePoints: uPlot.Series.Points.Filter = (u, index) => {
  const points = u.data[index] ?? [];
  const alone: number[] = [];
  for (let at = 0; at < points.length; at += 1) {
    if (points[at] != null && points[at - 1] == null && points[at + 1] == null) alone.push(at);
  }
  return alone;
};

const hatch = (
  context: CanvasRenderingContext2D,
  area: { left: number; top: number; width: number; height: number },
  colour: string,
) => {
  context.save();
  context.beginPath();
  context.rect(area.left, area.top, area.width, area.height);
  context.clip();
  context.strokeStyle = colour;
  context.globalAlpha = 0.45;
  context.lineWidth = devicePixelRatio;
  context.beginPath();
  const pitch = 7 * devicePixelRatio;
  for (let x = area.left - area.height; x < area.left + area.width; x += pitch) {
    context.moveTo(x, area.top + area.height);
    context.lineTo(x + area.height, area.top);
  }
  context.stroke();
  context.restore();
};

const drawSpans = (u: uPlot, props: ChartProps): void => {
  const { left: first, top, width, height } = u.bbox;
  u.ctx.save();
  u.ctx.font = font.replace('12px', `${12 * devicePixelRatio}px`);
  u.ctx.textBaseline = 'top';
  u.ctx.lineWidth = devicePixelRatio;
  for (const span of props.spans ?? []) {
    const left = Math.max(first, u.valToPos(span.from / 1000, 'x', true));
    const right = Math.min(first + width, u.valToPos(span.to / 1000, 'x', true));
    if (right < left) continue;
    u.ctx.fillStyle = u.ctx.strokeStyle = resolved('--warning');
    u.ctx.globalAlpha = 0.16;
    u.ctx.fillRect(left, top, Math.max(2, right - left), height);
    u.ctx.globalAlpha = 1;
    u.ctx.strokeRect(left, top, Math.max(2, right - left), height);
    u.ctx.fillStyle = resolved('--text');
    // The name stands within its stretch where it fits, else beside it.
    const room = 8 * devicePixelRatio;
    const wide = u.ctx.measureText(span.label).width + 2 * room;
    const inside = wide <= right - left;
    const before = !inside && left - first >= wide;
    u.ctx.textAlign = before ? 'right' : 'left';
    u.ctx.fillText(
      span.label,
      (before ? left : inside ? left + 2 * room : right) + (before ? -room : inside ? -room : room),
      top + 6,
    );
  }
  u.ctx.restore();
};

/** Under the lines: spans to look at, missing stretches hatched over the whole height, and the limits. */
const drawUnder = (u: uPlot, props: ChartProps): void => {
  drawSpans(u, props);
  for (const stretch of props.lane ?? []) {
    if (stretch.quality !== 'missing' && stretch.quality !== 'awaited') continue;
    const left = u.valToPos(stretch.from / 1000, 'x', true);
    const width = u.valToPos(stretch.to / 1000, 'x', true) - left;
    hatch(u.ctx, { left, top: u.bbox.top, width, height: u.bbox.height }, resolved('--missing'));
  }
  for (const limit of props.limits ?? []) {
    const y = u.valToPos(limit.at, 'y', true);
    u.ctx.save();
    u.ctx.strokeStyle = resolved('--critical');
    u.ctx.fillStyle = resolved('--muted');
    u.ctx.setLineDash([6 * devicePixelRatio, 4 * devicePixelRatio]);
    u.ctx.beginPath();
    u.ctx.moveTo(u.bbox.left, y);
    u.ctx.lineTo(u.bbox.left + u.bbox.width, y);
    u.ctx.stroke();
    u.ctx.font = font.replace('12px', `${12 * devicePixelRatio}px`);
    u.ctx.textBaseline = 'bottom';
    u.ctx.textAlign = 'right';
    u.ctx.fillText(limit.label, u.bbox.left + u.bbox.width - 4, y - 2);
    u.ctx.restore();
  }
};

/** Under the time axis: the lane of quality. */
const drawLane = (u: uPlot, props: ChartProps): void => {
  if (!props.lane) return;
  const top = u.ctx.canvas.height - (laneHeight + 4) * devicePixelRatio;
  for (const { from, to, quality } of props.lane) {
    const left = Math.max(u.bbox.left, u.valToPos(from / 1000, 'x', true));
    const right = Math.min(u.bbox.left + u.bbox.width, u.valToPos(to / 1000, 'x', true));
    const height = (quality === 'raw' ? 2 : laneHeight) * devicePixelRatio;
    u.ctx.fillStyle = resolved(colourOf[quality]);
    u.ctx.fillRect(left, top + (laneHeight * devicePixelRatio - height) / 2, Math.max(1, right - left), height);
  }
};

const rangeOfAxis =
  (current: () => ChartProps): uPlot.Range.Function =>
  (_u, least, most) => {
    const limits = current().limits;
    if (!limits) return [Math.min(0, least ?? 0), (most ?? 1) * 1.08 || 1];
    const all = [...limits.map((l) => l.at), least, most].filter((n) => n !== null);
    const margin = (Math.max(...all) - Math.min(...all)) * 0.1;
    return [Math.min(...all) - margin, Math.max(...all) + margin];
  };

/** Intervals and bars have an end: the last one is shown whole. */
const rangeOfTime =
  (current: () => ChartProps): uPlot.Range.Function =>
  (_u, least, most) => {
    const { series, times } = current();
    const whole = series.some((s) => s.kind === 'step' || s.kind === 'bars');
    const step = ((times.at(-1) ?? 0) - (times.at(-2) ?? times.at(-1) ?? 0)) / 1000;
    return [least ?? 0, (most ?? 1) + (whole ? step : 0)];
  };

/** How a chart is drawn. `current` gives its latest properties, since uPlot keeps its options for good. */
export const optionsOf = (
  current: () => ChartProps,
  element: HTMLElement,
  hovered: (index: number | undefined, left: number, width: number) => void,
): uPlot.Options => {
  const { series, zone, height = 260, lane } = current();
  const low = series.findIndex((s) => s.kind === 'band-low') + 1;
  const high = series.findIndex((s) => s.kind === 'band-high') + 1;
  const axis = {
    stroke: resolved('--muted'),
    font,
    grid: { stroke: resolved('--line'), width: 1 },
    ticks: { show: false },
  };
  return {
    width: element.clientWidth,
    height,
    padding: [12, 16, lane ? laneHeight + 8 : 0, 0],
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), zone),
    cursor: {
      sync: { key: 'grid', setSeries: false },
      drag: { x: false, y: false },
      points: { size: 7 },
      y: false,
    },
    legend: { show: false },
    scales: { x: { time: true, range: rangeOfTime(current) }, y: { range: rangeOfAxis(current) } },
    axes: [
      { ...axis, grid: { show: false }, space: 64, size: 28, values: timeMarks(zone) },
      {
        ...axis,
        size: 52,
        space: 40,
        values: (_u, marks) =>
          marks.map((mark) =>
            threeDigits(mark)
              .replace(/(\.\d*?)0+$/, '$1')
              .replace(/\.$/, ''),
          ),
      },
    ],
    series: [{}, ...series.map(seriesOf)],
    ...(low > 0 && high > 0
      ? { bands: [{ series: [high, low] as [number, number], fill: resolved(series[high - 1]?.colour ?? '--band') }] }
      : {}),
    hooks: {
      drawAxes: [(u) => drawUnder(u, current())],
      draw: [(u) => drawLane(u, current())],
      setCursor: [
        (u) => {
          const { idx, left } = u.cursor;
          const outside = idx === null || idx === undefined || left === undefined || left < 0;
          hovered(outside ? undefined : idx, (left ?? 0) + u.bbox.left / devicePixelRatio, u.width);
        },
      ],
    },
  };
};

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** 24-hour marks; midnights carry the date. `tzDate` dates read as local time of the zone. */
const timeMarks =
  (zone: string): uPlot.Axis.DynamicValues =>
  (_u, marks, _axis, _space, step) =>
    marks.map((mark) => {
      const date = uPlot.tzDate(new Date(mark * 1000), zone);
      if (step >= 28 * 86_400) return `${months[date.getMonth()]} ${date.getFullYear()}`;
      const midnight = date.getHours() === 0 && date.getMinutes() === 0;
      if (midnight || step >= 86_400) return `${date.getDate()} ${months[date.getMonth()]}`;
      return `${String(date.getHours()).padStart(2, '0')}:${String(date.getMinutes()).padStart(2, '0')}`;
    });
