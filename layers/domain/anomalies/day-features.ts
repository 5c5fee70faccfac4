import { HOURS, type MeterDay } from './meter-days.ts';
import { correlation, mean, median, quantile } from './statistics.ts';

/** What the forest sees of a day, in this order; every figure is free of the meter's size and unit. */
export const DAY_FEATURES = [
  'level',
  'weekLevel',
  'levelAgainstPeers',
  'weekLevelAgainstPeers',
  'trendAgainstPeers',
  'trend',
  'baseLoad',
  'weekBaseLoad',
  'nightLevel',
  'eveningLevel',
  'peak',
  'peakOverMean',
  'minimum',
  'largestStep',
  'variation',
  'weekVariation',
  'zeroShare',
  'weekZeroShare',
  'usualZeroShare',
  'longestZeroRun',
  'longestRepeat',
  'usualRepeat',
  'distinctShare',
  'shape',
  'usualShape',
  'mirroredShape',
  'exported',
  'turned',
  'highestHour',
  'lowestHour',
  'meanHour',
  'lowHours',
  'highHours',
  'steadiness',
  'presentShare',
  'historyDays',
] as const;
export type DayFeature = (typeof DAY_FEATURES)[number];

/** Days a day is compared with, the last week left out: a fault that has lasted a week must not have become the custom. */
const BASELINE_DAYS = 42;
const RECENT_DAYS = 7;
const TREND_DAYS = 28;
/** Half present is enough for a day to be compared with. */
const MIN_PRESENT = 0.5;
/** Keeps ratios finite, as a share of the baseline's mean. */
const FLOOR = 0.01;
/** Median absolute deviation to standard deviation of a normal distribution. */
const TO_DEVIATION = 1.4826;

/** Features of the days[index], of what days[0…index] hold and nothing later; NaN where the history does not say. */
export function dayFeatures(days: readonly MeterDay[], index: number): Float64Array {
  const day = days[index] as MeterDay;
  const complete = (from: number, to: number) =>
    days.slice(Math.max(0, from), Math.max(0, to)).filter(({ presentShare }) => presentShare >= MIN_PRESENT);
  const early = complete(index - RECENT_DAYS - BASELINE_DAYS, index - RECENT_DAYS);
  const baseline = early.length >= RECENT_DAYS ? early : complete(index - RECENT_DAYS - BASELINE_DAYS, index);
  const week = complete(index - RECENT_DAYS + 1, index + 1);
  const usual = Math.abs(median(baseline.map(({ mean }) => mean)));
  const typical = usual > 0 ? usual : mean(baseline.map(({ mean }) => Math.abs(mean)));
  const floor = FLOOR * (typical > 0 ? typical : 1);
  const logRatio = (value: number, reference: number) =>
    Math.log((Math.max(0, value) + floor) / (Math.max(0, reference) + floor));
  const of = (list: readonly MeterDay[], figure: (day: MeterDay) => number) => median(list.map(figure));
  const against = (list: readonly MeterDay[], figure: (day: MeterDay) => number) =>
    logRatio(mean(list.map(figure)), mean(baseline.map(figure)));
  const peersKnown = baseline.filter(({ peers }) => peers > 0);
  const peersNow = (list: readonly MeterDay[]) =>
    Math.log(mean(list.map(({ peers }) => peers)) / mean(peersKnown.map(({ peers }) => peers)));
  const profile = profileOf(baseline);
  const usualVariation = of(baseline, ({ variation }) => variation);
  const hourly = standardisedHours(day, { baseline, profile, floor });
  const recent = complete(index - TREND_DAYS + 1, index + 1);
  const level = logRatio(day.mean, typical);
  const weekLevel = against(week, ({ mean }) => mean);

  const features: Record<DayFeature, number> = {
    level,
    weekLevel,
    levelAgainstPeers: level - peersNow([day]),
    weekLevelAgainstPeers: weekLevel - peersNow(week),
    trendAgainstPeers: slope(recent.map(({ mean, peers }) => logRatio(mean, typical) - Math.log(peers))),
    trend: slope(recent.map(({ mean }) => logRatio(mean, typical))),
    baseLoad: logRatio(
      day.base,
      of(baseline, ({ base }) => base),
    ),
    weekBaseLoad: logRatio(
      of(week, ({ base }) => base),
      of(baseline, ({ base }) => base),
    ),
    nightLevel: logRatio(
      day.night,
      of(baseline, ({ night }) => night),
    ),
    eveningLevel: logRatio(
      day.evening,
      of(baseline, ({ evening }) => evening),
    ),
    peak: logRatio(
      day.maximum,
      quantile(
        baseline.map(({ maximum }) => maximum),
        0.95,
      ),
    ),
    peakOverMean:
      logRatio(day.maximum, day.mean) -
      logRatio(
        of(baseline, ({ maximum }) => maximum),
        typical,
      ),
    minimum: logRatio(
      day.minimum,
      of(baseline, ({ minimum }) => minimum),
    ),
    largestStep: logRatio(
      day.largestStep,
      quantile(
        baseline.map(({ largestStep }) => largestStep),
        0.95,
      ),
    ),
    variation: day.variation - usualVariation,
    weekVariation: of(week, ({ variation }) => variation) - usualVariation,
    zeroShare: day.zeroShare,
    weekZeroShare: mean(week.map(({ zeroShare }) => zeroShare)),
    usualZeroShare: mean(baseline.map(({ zeroShare }) => zeroShare)),
    longestZeroRun: day.longestZeroRun,
    longestRepeat: day.longestRepeat,
    usualRepeat: quantile(
      baseline.map(({ longestRepeat }) => longestRepeat),
      0.9,
    ),
    distinctShare: day.distinctShare - of(baseline, ({ distinctShare }) => distinctShare),
    shape: correlation(day.hours, profile),
    usualShape: of(baseline, ({ hours }) => correlation(hours, profile)),
    mirroredShape: correlation(day.hours, profile.toReversed()),
    exported: day.exported / (typical + floor) - mean(baseline.map(({ exported }) => exported)) / (typical + floor),
    turned: logRatio(day.mean + day.exported, mean(baseline.map(({ mean, exported }) => mean + exported))),
    highestHour: Math.max(...hourly.filter((value) => !Number.isNaN(value)), -10),
    lowestHour: Math.min(...hourly.filter((value) => !Number.isNaN(value)), 10),
    meanHour: mean(hourly),
    lowHours: shareOf(hourly, (value) => value < -1.5),
    highHours: shareOf(hourly, (value) => value > 2.5),
    steadiness: steadinessOf(day, profile, floor),
    presentShare: day.presentShare,
    historyDays: baseline.length,
  };
  return Float64Array.from(DAY_FEATURES, (name) => features[name]);
}

/** Least-squares slope per day; NaN with fewer than a week of figures. */
function slope(figures: readonly number[]): number {
  const known = figures.map((figure, n) => [n, figure] as const).filter(([, figure]) => Number.isFinite(figure));
  if (known.length < RECENT_DAYS) return Number.NaN;
  const middle = mean(known.map(([n]) => n));
  const level = mean(known.map(([, figure]) => figure));
  let products = 0;
  let squares = 0;
  for (const [n, figure] of known) {
    products += (n - middle) * (figure - level);
    squares += (n - middle) ** 2;
  }
  return products / squares;
}

/** Median by hour of the day. */
const profileOf = (days: readonly MeterDay[]): Float64Array =>
  Float64Array.from({ length: HOURS }, (_, hour) => median(days.map(({ hours }) => hours[hour] as number)));

/** Hours in robust standard deviations from the same hour of the baseline. */
function standardisedHours(
  { hours }: MeterDay,
  { baseline, profile, floor }: { baseline: readonly MeterDay[]; profile: Float64Array; floor: number },
): Float64Array {
  return hours.map((value, hour) => {
    const middle = profile[hour] as number;
    const spread = TO_DEVIATION * median(baseline.map((one) => Math.abs((one.hours[hour] as number) - middle)));
    return (value - middle) / (spread + 5 * floor);
  });
}

/** How constant the ratio to the usual profile is over the day: a share taken away leaves it, a changed habit does not. */
function steadinessOf({ hours }: MeterDay, profile: Float64Array, floor: number): number {
  const ratios = hours.map((value, hour) =>
    Math.log((Math.max(0, value) + floor) / (Math.max(0, profile[hour] as number) + floor)),
  );
  const middle = median(ratios);
  return median(ratios.map((ratio) => Math.abs(ratio - middle)));
}

function shareOf(figures: ArrayLike<number>, holds: (figure: number) => boolean): number {
  const known = Array.from(figures).filter((figure) => !Number.isNaN(figure));
  return known.length === 0 ? Number.NaN : known.filter(holds).length / known.length;
}
