import {
  type ForecastRequest,
  type ForecastResponse,
  forecastExample,
  forecastResponse,
} from '../../contracts/models/forecast.ts';
import type { ExampleLoss } from './gate.ts';

/** Guard metrics of a forecast model: mean absolute error and mean pinball loss, each in units of the example's own level. */
export const FORECAST_GUARDS = ['error', 'pinball'] as const;

/**
 * Losses of a forecast against what came, over the intervals that were read.
 * @throws if the response breaks its contract or its intervals are not those asked for.
 */
export function forecastLoss(line: unknown, answer: unknown): ExampleLoss {
  const { id, block, request, actuals, scale } = forecastExample.parse(line);
  const { intervals } = checkedForecast(request, answer);
  let error = 0;
  let pinball = 0;
  let count = 0;
  intervals.forEach(({ point, quantiles }, index) => {
    const actual = actuals[index];
    if (actual === null || actual === undefined) return;
    error += Math.abs(actual - point);
    for (const { level, value } of quantiles) {
      pinball += (2 * (actual >= value ? level * (actual - value) : (1 - level) * (value - actual))) / quantiles.length;
    }
    count += 1;
  });
  if (count === 0) throw new Error(`example ${id} has nothing to compare with`);
  return { id, block, losses: { error: error / count / scale, pinball: pinball / count / scale } };
}

/**
 * A model's answer, if it is one: by its contract, for the intervals asked for, every quantile asked for, none crossing.
 * @throws saying what is wrong.
 */
export function checkedForecast(
  { issuedAt, intervalMinutes, horizonHours, quantiles }: ForecastRequest,
  answer: unknown,
): ForecastResponse {
  const response = forecastResponse.parse(answer);
  const lengthMs = intervalMinutes * 60_000;
  const first = Math.ceil(Date.parse(issuedAt) / lengthMs) * lengthMs;
  const wanted = Math.ceil((horizonHours * 60) / intervalMinutes);
  const levels = [...quantiles].sort((a, b) => a - b);
  if (response.intervals.length !== wanted)
    throw new Error(`${response.intervals.length} intervals are answered, ${wanted} were asked for`);
  response.intervals.forEach((interval, index) => {
    if (
      Date.parse(interval.start) !== first + index * lengthMs ||
      Date.parse(interval.end) !== first + (index + 1) * lengthMs
    )
      throw new Error(
        `interval ${index} is ${interval.start}, not ${new Date(first + index * lengthMs).toISOString()}`,
      );
    const given = [...interval.quantiles].sort((a, b) => a.level - b.level);
    if (given.length !== levels.length || given.some(({ level }, at) => level !== levels[at]))
      throw new Error(`interval ${index} lacks a quantile that was asked for`);
    if (given.some(({ value }, at) => at > 0 && value < (given[at - 1]?.value ?? value)))
      throw new Error(`the quantiles of interval ${index} cross`);
  });
  return response;
}
