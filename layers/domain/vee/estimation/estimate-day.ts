import type { EstimationMethod } from '../../../contracts/vee/qualities.ts';
import type { EstimationSettings } from '../../../contracts/vee/settings.ts';
import type { Period } from '../../calendar/local-periods.ts';
import type { RegisterSegment } from '../../registers/register-energy.ts';
import type { MeterHistory } from '../meter-history.ts';
import { type IntervalSeries, intervalMsOf, isMeasured, runsOf, type Span, spanOf, startAt } from '../series.ts';
import { likeDayMean } from './like-days.ts';
import { linearGap } from './linear.ts';
import { apportion, registerTarget } from './register-scaling.ts';

/** What one missing interval is taken to have been. */
export interface Estimate {
  /** Of the series. */
  index: number;
  /** Whole Wh; null: nothing to estimate it from, it is held. */
  energyWh: number | null;
  method: EstimationMethod | null;
  /** Intervals that it was made from. */
  references: number;
}

export interface EstimationSources {
  history: MeterHistory;
  /** Energy between register reads that stand on interval boundaries. */
  segments: readonly RegisterSegment[];
  /** A meter that measures the same, on the same intervals. */
  check?: IntervalSeries | undefined;
  /** Energy of the meter's class in an interval that starts then, in the meter's own proportion, Wh. */
  profile?: ((start: number) => number | undefined) | undefined;
  /** Confirmed only. */
  outages: readonly Period[];
  /** Instants of power events, epoch ms. */
  powerEvents: readonly number[];
}

interface Shape {
  energyWh: number | null;
  method: EstimationMethod | null;
  references: number;
  /** Part of the interval with power. */
  powered: number;
}

/**
 * Estimates for every interval of a day that is expected and not stored, in order. What is stored is never touched, and
 * nothing here depends on when anything arrived.
 */
export function estimateDay(sources: EstimationSources, span: Span, settings: EstimationSettings): Estimate[] {
  const { history, segments } = sources;
  const { series } = history;
  const isMissing = (index: number) => series.quality[index] === 0 && history.expects(index);
  if (runsOf(span, isMissing).length === 0) return [];
  const known = segments.filter(({ energyWh, from, to }) => {
    const its = spanOf(series, { start: from, end: to });
    const inside = from >= series.start && to <= startAt(series, series.quality.length);
    return energyWh !== null && inside && runsOf(overlap(its, span), isMissing).length > 0;
  });
  const reads = known.map(({ from, to }) => spanOf(series, { start: from, end: to }));
  const range = {
    first: Math.min(span.first, ...reads.map(({ first }) => first)),
    end: Math.max(span.end, ...reads.map(({ end }) => end)),
  };
  const shapes = new Map<number, Shape>();
  for (const gap of gapsMeeting(series, range, isMissing)) {
    const line = linearGap(
      series,
      gap,
      { events: sources.powerEvents, outages: sources.outages },
      settings.linearMaxMinutes,
    );
    for (let index = gap.first; index < gap.end; index++) {
      shapes.set(index, shapeAt(sources, index, line?.[index - gap.first], settings));
    }
  }
  const whole = new Map([...shapes].map(([index, shape]) => [index, rounded(shape)]));
  known.forEach((segment, place) => {
    scaleToRegister(history, { segment, span: reads[place] as Span }, shapes, whole);
  });
  return [...whole]
    .filter(([index]) => index >= span.first && index < span.end)
    .sort(([a], [b]) => a - b)
    .map(([index, { energyWh, method, references }]) => ({ index, energyWh, method, references }));
}

const overlap = (a: Span, b: Span): Span => ({ first: Math.max(a.first, b.first), end: Math.min(a.end, b.end) });

/** Gaps that begin or end in a range, whole: how long a gap is does not depend on which day looks at it. */
function gapsMeeting(series: IntervalSeries, range: Span, isMissing: (index: number) => boolean): Span[] {
  let { first, end } = range;
  while (first > 0 && isMissing(first - 1)) first -= 1;
  while (end < series.quality.length && isMissing(end)) end += 1;
  return runsOf({ first, end }, isMissing);
}

function shapeAt(
  sources: EstimationSources,
  index: number,
  line: number | undefined,
  settings: EstimationSettings,
): Shape {
  const { history, check, profile } = sources;
  const powered = poweredShare(history.series, index, sources.outages);
  if (powered === 0) return { energyWh: 0, method: 'OUTAGE', references: 0, powered };
  const of = (method: EstimationMethod, energyWh: number, references: number): Shape => ({
    energyWh: energyWh * (method === 'CHECK_METER' ? 1 : powered),
    method,
    references,
    powered,
  });
  if (check && isMeasured(check, index)) return of('CHECK_METER', check.energyWh[index] as number, 1);
  if (line !== undefined) return of('LINEAR', line, 2);
  const start = startAt(history.series, index);
  const like = likeDayMean(history, { day: history.calendar.dayAt(start), index }, settings);
  if (like) return of('LIKE_DAYS', like.energyWh, like.references);
  const energyWh = history.flow === 'forward' ? profile?.(start) : undefined;
  if (energyWh !== undefined) return of('CLASS_PROFILE', energyWh, 1);
  return { energyWh: null, method: null, references: 0, powered };
}

/** Part of an interval that no confirmed outage covers. */
function poweredShare(series: IntervalSeries, index: number, outages: readonly Period[]): number {
  const from = startAt(series, index);
  const to = from + intervalMsOf(series);
  let out = 0;
  let at = from;
  for (const { start, end } of outages.toSorted((a, b) => a.start - b.start)) {
    const [first, last] = [Math.max(start, at), Math.min(end, to)];
    if (last <= first) continue;
    out += last - first;
    at = last;
  }
  return 1 - out / (to - from);
}

const rounded = ({ energyWh, ...shape }: Shape): Shape => ({
  ...shape,
  energyWh: energyWh === null ? null : Math.round(energyWh),
});

/** Makes the estimates between two reads add up with what was measured there; flat where nothing gives them a shape. */
function scaleToRegister(
  history: MeterHistory,
  read: { segment: RegisterSegment; span: Span },
  shapes: ReadonlyMap<number, Shape>,
  whole: Map<number, Shape>,
): void {
  const { series } = history;
  const missing: { index: number; shape: Shape }[] = [];
  let measuredWh = 0;
  for (let index = read.span.first; index < read.span.end; index++) {
    // Part of the time without a meter: its register says nothing of that part.
    if (!history.expects(index)) return;
    const shape = shapes.get(index);
    if (!shape) measuredWh += series.energyWh[index] as number;
    else if (shape.method !== 'OUTAGE') missing.push({ index, shape });
  }
  if (missing.length === 0) return;
  const shaped = missing.filter(({ shape }) => shape.energyWh !== null);
  const shapeWh = shaped.reduce((sum, { shape }) => sum + (shape.energyWh as number), 0);
  const { energyWh, resolutionWh } = read.segment;
  const totalWh = registerTarget({
    energyWh: energyWh as number,
    resolutionWh,
    measuredWh,
    shapeWh: shaped.length === missing.length ? shapeWh : undefined,
  });
  if (totalWh === undefined) return;
  const flat = shaped.length === 0 || (shapeWh === 0 && totalWh > 0);
  const meanWh = shaped.length === 0 ? 1 : shapeWh / shaped.length;
  const shares = missing.map(({ shape }) => (flat ? shape.powered : (shape.energyWh ?? meanWh * shape.powered)));
  apportion(totalWh, shares).forEach((scaledWh, place) => {
    const { index, shape } = missing[place] as { index: number; shape: Shape };
    const isFlat = flat || shape.method === null;
    whole.set(index, {
      ...shape,
      energyWh: scaledWh,
      method: isFlat ? 'FLAT' : shape.method,
      references: isFlat ? 0 : shape.references,
    });
  });
}
