import type { Answer } from './api.ts';
import { hourMs, minuteMs } from './times.ts';

type Forecast = Answer<'getForecast'>;
type Hours = readonly { start: string; value: number | null; intervalsExpected: number; intervalsPresent: number }[];

/** An hour with fewer of its readings than this says too little about the rest [P]. */
const LEAST_PRESENT = 0.8;

/** Mean power, kW, of energy in an interval, kWh. */
const powerOf = (energyKwh: number, intervalMinutes: number): number => energyKwh / (intervalMinutes / 60);

/** A forecast against what came and against what the issue before it said, on its own grid of intervals; kW. */
export interface ForecastCurves {
  /** Starts, ms. */
  times: number[];
  low: (number | null)[];
  high: (number | null)[];
  point: (number | null)[];
  previous: (number | null)[];
  /** Mean of each hour of which enough came; what it lacks is taken to be like the rest, as in the typical day. */
  actual: (number | null)[];
}

/** @param from ms; what came is shown from here on, the forecast from its own start. `now` (ms): an hour is shown when it is over. */
export const forecastCurves = (
  forecast: Forecast,
  hours: Hours,
  { from, now }: { from: number; now: number },
): ForecastCurves => {
  const { intervalMinutes } = forecast;
  const stepMs = intervalMinutes * minuteMs;
  const points = new Map(forecast.intervals.map((interval) => [Date.parse(interval.start), interval]));
  const before = new Map(forecast.previous?.intervals.map((interval) => [Date.parse(interval.start), interval.point]));
  const measured = new Map(hours.map((hour) => [Date.parse(hour.start), hour]));
  const first = Math.ceil(Math.min(from, ...points.keys()) / stepMs) * stepMs;
  const end = Math.max(...points.keys()) + stepMs;
  const times = Array.from({ length: Math.max(0, (end - first) / stepMs) }, (_, i) => first + i * stepMs);
  const band = (side: 'lowest' | 'highest') =>
    times.map((time) => {
      const levels = [...(points.get(time)?.quantiles ?? [])].sort((a, b) => a.level - b.level);
      const wanted = levels.find(({ level }) => level === (side === 'lowest' ? 0.1 : 0.9));
      return wanted ? powerOf(wanted.value, intervalMinutes) : null;
    });
  const power = (energyKwh: number | undefined) =>
    energyKwh === undefined ? null : powerOf(energyKwh, intervalMinutes);
  return {
    times,
    low: band('lowest'),
    high: band('highest'),
    point: times.map((time) => power(points.get(time)?.point)),
    previous: times.map((time) => power(before.get(time))),
    actual: times.map((time) => {
      const start = Math.floor(time / hourMs) * hourMs;
      const hour = start + hourMs > now ? undefined : measured.get(start);
      if (!hour || hour.value === null || hour.intervalsPresent < hour.intervalsExpected * LEAST_PRESENT) return null;
      return (hour.value * hour.intervalsExpected) / hour.intervalsPresent;
    }),
  };
};
