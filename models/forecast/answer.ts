import {
  type ForecastInterval,
  type ForecastResponse,
  forecastRequest,
} from '../../layers/contracts/models/forecast.ts';
import { zoneOffsetMs } from '../../layers/domain/calendar/zone-offset.ts';
import { DAY_MS } from '../../layers/domain/readings/calendar-day.ts';
import { type ForecastModel, forecastLoad } from './forecaster.ts';

const HOUR_MS = 3_600_000;
/** Quantile of the standard normal distribution at 90 %. */
const NORMAL_90 = 1.281552;

/**
 * Answers a request of the model's contract.
 * @throws ZodError for a request that breaks it; Error when its intervals are not those of the model.
 */
export function answerForecast(model: ForecastModel, version: string, input: unknown): ForecastResponse {
  const request = forecastRequest.parse(input);
  const { entity, intervalMinutes, timeZone, temperature, quantiles, horizonHours } = request;
  const stepMs = intervalMinutes * 60_000;
  if (stepMs !== model.stepMs) {
    throw new Error(`the model was trained on intervals of ${model.stepMs / 60_000} minutes, not ${intervalMinutes}`);
  }
  const issuedAt = Date.parse(request.issuedAt);
  const steps = Math.ceil((horizonHours * HOUR_MS) / stepMs);
  const { method, fallback, weather, point, low, high } = forecastLoad(model, {
    id: entity.id,
    issuedAt,
    history: { start: Date.parse(request.history.start), stepMs, values: numbersOf(request.history.values) },
    temperature: temperature && {
      kind: temperature.kind,
      start: Date.parse(temperature.start),
      values: numbersOf(temperature.values),
    },
    holidays: new Set(request.holidays?.map((date) => Date.parse(date) / DAY_MS)),
    offset: (time) => zoneOffsetMs(timeZone, time),
    steps,
  });
  const nonNegative = request.history.values.every((value) => value === null || value >= 0);
  const first = Math.ceil(issuedAt / stepMs) * stepMs;
  const intervals = Array.from({ length: steps }, (_, step): ForecastInterval => {
    const middle = point[step] as number;
    const below = middle - (low[step] as number);
    const above = (high[step] as number) - middle;
    return {
      start: new Date(first + step * stepMs).toISOString(),
      end: new Date(first + (step + 1) * stepMs).toISOString(),
      point: middle,
      quantiles: quantiles.map((level) => {
        // The 10 and 90 % points are calibrated; others stand from them as on a normal distribution whose halves differ.
        const deviates = normalQuantile(level) / NORMAL_90;
        const value = middle + deviates * (deviates < 0 ? below : above);
        return { level, value: nonNegative ? Math.max(0, value) : value };
      }),
    };
  });
  return {
    modelVersion: version,
    method: `${method}/temperature-${weather}`,
    fallback,
    availableAt: new Date(issuedAt).toISOString(),
    intervals,
  };
}

const numbersOf = (values: readonly (number | null)[]): Float64Array =>
  Float64Array.from(values, (value) => value ?? Number.NaN);

/**
 * Quantile of the standard normal distribution, to 1.2e-9 relative.
 * Source: P. J. Acklam, "An algorithm for computing the inverse normal cumulative distribution function" (2003).
 */
export function normalQuantile(level: number): number {
  const a = [
    -39.69683028665376, 220.9460984245205, -275.9285104469687, 138.357751867269, -30.66479806614716, 2.506628277459239,
  ];
  const b = [-54.47609879822406, 161.5858368580409, -155.6989798598866, 66.80131188771972, -13.28068155288572];
  const c = [
    -0.007784894002430293, -0.3223964580411365, -2.400758277161838, -2.549732539343734, 4.374664141464968,
    2.938163982698783,
  ];
  const d = [0.007784695709041462, 0.3224671290700398, 2.445134137142996, 3.754408661907416];
  const polynomial = (factors: readonly number[], x: number, last = 0): number =>
    factors.reduce((sum, factor) => sum * x + factor, last);
  if (level > 0.97575) return -normalQuantile(1 - level);
  if (level < 0.02425) {
    const q = Math.sqrt(-2 * Math.log(level));
    return polynomial(c, q) / (polynomial(d, q) * q + 1);
  }
  const q = level - 0.5;
  const r = q * q;
  return (polynomial(a, r) * q) / (polynomial(b, r) * r + 1);
}
