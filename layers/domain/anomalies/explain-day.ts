import type { AnomalySignal } from '../../contracts/models/anomaly.ts';
import type { MeterDay } from './meter-days.ts';
import { median, quantile } from './statistics.ts';

/** Figures of a day that a person can check, in the window's unit per hour, shares or hours. */
const FIGURES = [
  'mean',
  'base',
  'night',
  'evening',
  'maximum',
  'minimum',
  'largestStep',
  'exported',
  'zeroShare',
  'longestRepeat',
  'longestZeroRun',
] as const satisfies readonly (keyof MeterDay)[];

/** Days a day is compared with, without the last week where there are more. */
const BASELINE_DAYS = 42;
const LEFT_OUT_DAYS = 7;
const TO_DEVIATION = 1.4826;
/** Least spread, as a share of what is usual. */
const LEAST_SPREAD = 0.05;
/** A figure is worth telling from here on. */
const TELLING = 2;
const MOST = 5;

/** What is unusual about days[index], the most unusual first; empty without a history. */
export function explainDay(days: readonly MeterDay[], index: number): AnomalySignal[] {
  const day = days[index] as MeterDay;
  const before = days
    .slice(Math.max(0, index - BASELINE_DAYS), index)
    .filter(({ presentShare }) => presentShare >= 0.5);
  const baseline = before.length > 2 * LEFT_OUT_DAYS ? before.slice(0, -LEFT_OUT_DAYS) : before;
  if (baseline.length < 3) return [];
  return FIGURES.flatMap((signal) => {
    const value = day[signal];
    const past = baseline.map((one) => one[signal]);
    const middle = median(past);
    if (Number.isNaN(value) || Number.isNaN(middle)) return [];
    const scale = Math.max(Math.abs(middle), 1e-6);
    const spread = TO_DEVIATION * median(past.map((one) => Math.abs(one - middle))) + LEAST_SPREAD * scale;
    const deviation = (value - middle) / spread;
    if (Math.abs(deviation) < TELLING) return [];
    const direction = deviation > 0 ? ('high' as const) : ('low' as const);
    return [
      {
        signal,
        value,
        expectedLow: quantile(past, 0.05),
        expectedHigh: quantile(past, 0.95),
        direction,
        surprise: Math.min(1000, Math.abs(deviation)),
      },
    ];
  })
    .sort((a, b) => b.surprise - a.surprise)
    .slice(0, MOST);
}
