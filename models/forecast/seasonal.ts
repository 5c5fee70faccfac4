import {
  type ForecastInterval,
  type ForecastResponse,
  forecastRequest,
} from '../../layers/contracts/models/forecast.ts';

const HOUR_MS = 3_600_000;
const WEEK_MS = 168 * HOUR_MS;
/** Levels at which residuals are kept; others are interpolated. */
const LEVELS = [0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.975, 0.99];

/** The same slot of past weeks, and how far off that is wont to be. */
export interface SeasonalModel {
  weeks: number;
  /** Residuals in units of the series' own mean level, by quantile level. */
  residuals: { level: number; value: number }[];
  residualCount: number;
}

export interface Series {
  /** Epoch ms of the first interval. */
  start: number;
  intervalMs: number;
  /** NaN where nothing was read. */
  values: Float64Array;
}

/** Learns the spread of actual values around the median of the same slot in the `weeks` before. */
export function trainSeasonal({
  series,
  weeks,
  signal,
}: {
  series: readonly Series[];
  weeks: number;
  signal: AbortSignal;
}): SeasonalModel {
  if (!Number.isInteger(weeks) || weeks < 1 || weeks > 26) throw new Error(`weeks is ${weeks}, not 1 to 26`);
  const residuals: number[] = [];
  for (const each of series) {
    signal.throwIfAborted();
    const level = meanLevel(each.values);
    if (level === 0) continue;
    for (let index = 0; index < each.values.length; index += 1) {
      const actual = each.values[index] as number;
      const expected = sameSlot(each, index, weeks);
      if (!Number.isNaN(actual) && expected !== undefined) residuals.push((actual - expected) / level);
    }
  }
  const sorted = Float64Array.from(residuals).sort();
  return {
    weeks,
    residuals: LEVELS.map((level) => ({ level, value: sorted.length === 0 ? 0 : at(sorted, level) })),
    residualCount: sorted.length,
  };
}

/** @throws ZodError for a request that breaks the contract. */
export function answer(model: SeasonalModel, version: string, input: unknown): ForecastResponse {
  const request = forecastRequest.parse(input);
  const intervalMs = request.intervalMinutes * 60_000;
  const history: Series = {
    start: Date.parse(request.history.start),
    intervalMs,
    values: Float64Array.from(request.history.values, (value) => value ?? Number.NaN),
  };
  const first = Math.ceil(Date.parse(request.issuedAt) / intervalMs) * intervalMs;
  const count = Math.ceil((request.horizonHours * HOUR_MS) / intervalMs);
  const known = history.values.filter((value) => !Number.isNaN(value));
  const level = meanLevel(history.values);
  const middle = known.length === 0 ? 0 : median([...known]);
  const never = known.length > 0 && known.every((value) => value >= 0);
  let unseasonal = 0;
  const intervals = Array.from({ length: count }, (_, step): ForecastInterval => {
    const start = first + step * intervalMs;
    const index = Math.round((start - history.start) / intervalMs);
    const seasonal = sameSlot(history, index, model.weeks);
    if (seasonal === undefined) unseasonal += 1;
    const point = seasonal ?? middle;
    const bounded = (value: number) => (never ? Math.max(0, value) : value);
    return {
      start: new Date(start).toISOString(),
      end: new Date(start + intervalMs).toISOString(),
      point,
      quantiles: request.quantiles.map((wanted) => ({
        level: wanted,
        value: bounded(point + level * residualAt(model, wanted)),
      })),
    };
  });
  return {
    modelVersion: version,
    method: 'seasonal-median',
    fallback: known.length === 0 ? 'no-history' : unseasonal > 0 ? 'short-history' : null,
    availableAt: new Date(Date.parse(request.issuedAt)).toISOString(),
    intervals,
  };
}

/** Median of the same slot in the newest `weeks` weeks that hold it and end before the series does. */
function sameSlot({ values, intervalMs }: Series, index: number, weeks: number): number | undefined {
  const period = Math.round(WEEK_MS / intervalMs);
  const found: number[] = [];
  for (let back = index - period; back >= 0 && found.length < weeks; back -= period) {
    const value = values[back];
    if (value !== undefined && !Number.isNaN(value)) found.push(value);
  }
  return found.length === 0 ? undefined : median(found);
}

function residualAt({ residuals }: SeasonalModel, level: number): number {
  const above = residuals.findIndex((each) => each.level >= level);
  const upper = residuals[above < 0 ? residuals.length - 1 : above];
  const lower = residuals[above <= 0 ? (above < 0 ? residuals.length - 1 : 0) : above - 1];
  if (!upper || !lower || upper.level === lower.level) return upper?.value ?? 0;
  return lower.value + ((level - lower.level) / (upper.level - lower.level)) * (upper.value - lower.value);
}

function meanLevel(values: Float64Array): number {
  let sum = 0;
  let count = 0;
  for (const value of values) {
    if (Number.isNaN(value)) continue;
    sum += Math.abs(value);
    count += 1;
  }
  return count === 0 ? 0 : sum / count;
}

function median(values: number[]): number {
  values.sort((a, b) => a - b);
  const half = values.length >> 1;
  return values.length % 2 === 1
    ? (values[half] as number)
    : ((values[half - 1] as number) + (values[half] as number)) / 2;
}

const at = (sorted: Float64Array, level: number): number =>
  sorted[Math.min(sorted.length - 1, Math.max(0, Math.round(level * (sorted.length - 1))))] as number;
