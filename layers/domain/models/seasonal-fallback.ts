import type { ForecastRequest, ForecastResponse } from '../../contracts/models/forecast.ts';

const HOUR_MS = 3_600_000;
const WEEKS = 8;

/**
 * The forecast of last resort, needing no model: the same slot of past weeks, its median as the point and its spread over the
 * weeks as the quantiles; without a week of history the spread of everything read.
 * @param reason why no model answered; labels the forecast.
 * @returns undefined without any reading: nothing is invented.
 */
export function seasonalFallback(request: ForecastRequest, reason: string): ForecastResponse | undefined {
  const { issuedAt, intervalMinutes, horizonHours, history, quantiles } = request;
  const lengthMs = intervalMinutes * 60_000;
  const first = Math.ceil(Date.parse(issuedAt) / lengthMs) * lengthMs;
  const period = Math.round((168 * HOUR_MS) / lengthMs);
  const all = sorted(history.values);
  if (all.length === 0) return undefined;
  const intervals = Array.from({ length: Math.ceil((horizonHours * HOUR_MS) / lengthMs) }, (_, step) => {
    const start = first + step * lengthMs;
    const same: (number | null)[] = [];
    for (
      let at = Math.round((start - Date.parse(history.start)) / lengthMs) - period;
      at >= 0 && same.length < WEEKS;
      at -= period
    )
      same.push(history.values[at] ?? null);
    const own = sorted(same);
    const known = own.length > 0 ? own : all;
    return {
      start: new Date(start).toISOString(),
      end: new Date(start + lengthMs).toISOString(),
      point: quantileOf(known, 0.5),
      quantiles: quantiles.map((level) => ({ level, value: quantileOf(known, level) })),
    };
  });
  return {
    modelVersion: 'none',
    method: 'same-slot-of-past-weeks',
    fallback: reason,
    availableAt: new Date(issuedAt).toISOString(),
    intervals,
  };
}

const sorted = (values: readonly (number | null)[]): number[] =>
  values.filter((value) => value !== null).sort((a, b) => a - b);

/** Linear between order statistics. */
function quantileOf(values: readonly number[], level: number): number {
  const at = level * (values.length - 1);
  const below = values[Math.floor(at)] as number;
  return below + (at - Math.floor(at)) * ((values[Math.ceil(at)] as number) - below);
}
