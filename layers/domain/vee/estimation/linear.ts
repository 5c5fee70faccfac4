import type { Period } from '../../calendar/local-periods.ts';
import { type IntervalSeries, isMeasured, type Span, startAt } from '../series.ts';

/**
 * A short gap as the straight line between its neighbours, Wh per interval; undefined: too long, a neighbour not measured,
 * or the power went in between.
 * @param gap adjacent missing intervals @param power instants of power events and confirmed outages, epoch ms
 */
export function linearGap(
  series: IntervalSeries,
  gap: Span,
  power: { events: readonly number[]; outages: readonly Period[] },
  maxMinutes: number,
): number[] | undefined {
  const length = gap.end - gap.first;
  const before = gap.first - 1;
  if (length * series.intervalMinutes > maxMinutes) return undefined;
  if (!isMeasured(series, before) || !isMeasured(series, gap.end)) return undefined;
  const from = startAt(series, before);
  const to = startAt(series, gap.end + 1);
  if (power.events.some((at) => at >= from && at < to)) return undefined;
  if (power.outages.some(({ start, end }) => start < to && end > from)) return undefined;
  const left = series.energyWh[before] as number;
  const step = ((series.energyWh[gap.end] as number) - left) / (length + 1);
  return Array.from({ length }, (_, n) => left + step * (n + 1));
}
