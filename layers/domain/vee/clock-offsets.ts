import { QUALITIES } from '../../contracts/messages/channels.ts';
import type { ClockOffset } from './rules/time-drift.ts';
import { type IntervalSeries, type Span, startAt } from './series.ts';

/** The meter's clock on a day, as far as the receipts of its raw intervals tell; undefined: none was received. */
export function clockOffset(series: IntervalSeries, day: { localDay: number; span: Span }): ClockOffset | undefined {
  const seconds: number[] = [];
  for (let index = day.span.first; index < day.span.end; index++) {
    if (series.quality[index] !== QUALITIES.raw) continue;
    const offset = (startAt(series, index + 1) - (series.recordedAt[index] as number)) / 1000;
    if (!Number.isNaN(offset)) seconds.push(offset);
  }
  if (seconds.length === 0) return undefined;
  seconds.sort((a, b) => a - b);
  return {
    localDay: day.localDay,
    bestSeconds: seconds.at(-1) as number,
    medianSeconds: seconds[seconds.length >> 1] as number,
  };
}
