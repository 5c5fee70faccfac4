import { analogDays } from './analog-days.ts';
import type { LoadGrid } from './load-grid.ts';
import { recentQuantiles } from './recent-quantiles.ts';
import { runningSums, windowMean } from './running-sums.ts';

/** Which temperatures a forecast may use: none at or after its origin, or those of the hours it forecasts too. */
export type Weather = 'none' | 'known';

/** What a forecast of one slot is made from; loads are relative to the level of the four weeks before the origin. */
export const featureNames = [
  'profile',
  'lagDay',
  'lagNextDay',
  'lagWeek',
  'lagTwoWeeks',
  'deviationLagDay',
  'deviationLagNextDay',
  'deviationLagWeek',
  'deviationAround',
  'deviationNow',
  'deviationHours3',
  'deviationDay',
  'deviationDayBefore',
  'deviationWeek',
  'deviationTrend',
  'loadNow',
  'changeNow',
  'loadHours3',
  'dayMean',
  'weekMean',
  'dayMaximum',
  'dayMinimum',
  'quantile10',
  'quantile50',
  'quantile90',
  'horizon',
  'slot',
  'weekday',
  'dayOff',
  'dayOffBefore',
  'dayOffAfter',
  'dayOffLag',
  'dayOffWeek',
  'holiday',
  'holidayLag',
  'holidayDayBefore',
  'yearSine',
  'yearCosine',
  'analogDate',
  'analogWeekday',
  'analogEaster',
  'temperatureLagDay',
  'temperatureLagWeek',
  'temperatureNow',
  'temperatureDay',
  'temperatureDayBefore',
  'temperatureDayMaximum',
  'temperatureDayMinimum',
  'temperatureTrend',
  'temperatureTarget',
  'temperatureTarget3h',
  'temperatureTarget6h',
  'temperatureTarget12h',
  'temperatureTarget24h',
  'temperatureTarget48h',
  'temperatureTarget72h',
  'temperatureTargetMaximum',
  'temperatureChangeDay',
  'temperatureChangeWeek',
  'temperatureChange24h',
  'temperatureLag24h',
  'temperatureProfile',
] as const;
export type FeatureName = (typeof featureNames)[number];
export const FEATURES = featureNames.length;
export const featureIndex = Object.fromEntries(featureNames.map((name, index) => [name, index])) as Record<
  FeatureName,
  number
>;
const first = featureIndex;

/** Loads, which trees see as distances from the level in spreads, */
export const loadNames: readonly FeatureName[] = [
  'profile',
  'lagDay',
  'lagNextDay',
  'lagWeek',
  'lagTwoWeeks',
  'loadNow',
  'loadHours3',
  'dayMean',
  'weekMean',
  'dayMaximum',
  'dayMinimum',
  'quantile10',
  'quantile50',
  'quantile90',
];
/** and differences of loads, which they see in spreads. */
export const differenceNames: readonly FeatureName[] = [
  'deviationLagDay',
  'deviationLagNextDay',
  'deviationLagWeek',
  'deviationAround',
  'deviationNow',
  'deviationHours3',
  'deviationDay',
  'deviationDayBefore',
  'deviationWeek',
  'deviationTrend',
  'changeNow',
];

/** Weeks that make the weekly profile, and how much less each earlier one counts [P]. */
const PROFILE_WEEKS = 5;
const PROFILE_DECAY = 0.75;
/** A load that varies less counts as one that varies so much, relative to its level. */
const MIN_SPREAD = 1e-3;
/** Level and spread of four weeks are at least this share of those of all that came before: an empty home comes to life again [P]. */
const LEAST_SHARE = 0.1;
/** How far beyond all loads so far a forecast may go, as a share of their range [P]. */
const BEYOND = 0.25;

/** Features of a grid's slots. What `describe` gives for an origin depends on slots before it alone (and on the weather that is known). */
export interface LoadFeatures {
  grid: LoadGrid;
  /** What the weeks before each slot say of it. */
  profile: Float64Array;
  /** Mean magnitude of the load in the four weeks before an origin; 1 where there is none. */
  level(origin: number): number;
  /** Least and greatest load that is still plausible, from those before an origin; NaN where there is none. */
  bounds(origin: number): [number, number];
  /** Whether the load was known and nothing but zero for the four weeks before an origin: an empty home. */
  idle(origin: number): boolean;
  /** How many slots before an origin are known. */
  known(origin: number): number;
  /** Mean difference from one day to the next over the four weeks before an origin, relative to the level; at least a thousandth. */
  spread(origin: number): number;
  /** Writes the features of slot `origin + ahead` to `out[at] …`. `ahead` is less than seven days. */
  describe(origin: number, ahead: number, out: Float64Array, at: number): void;
}

/** Mean of the same slot in the weeks before each slot, later weeks counting more; NaN where none is known. */
export function weeklyProfile(
  values: Float64Array,
  { slotsPerDay, holidays }: Pick<LoadGrid, 'slotsPerDay' | 'holidays'>,
): Float64Array {
  const week = 7 * slotsPerDay;
  const profile = new Float64Array(values.length).fill(Number.NaN);
  for (let slot = 0; slot < values.length; slot++) {
    let sum = 0;
    let weight = 0;
    let counts = 1;
    for (let weeks = 1; weeks <= PROFILE_WEEKS; weeks++, counts *= PROFILE_DECAY) {
      const at = slot - weeks * week;
      if (at < 0) break;
      const value = values[at] as number;
      if (Number.isNaN(value)) continue;
      const trust = holidays[Math.floor(at / slotsPerDay)] === 1 ? counts * 0.02 : counts;
      sum += trust * value;
      weight += trust;
    }
    if (weight > 0) profile[slot] = sum / weight;
  }
  return profile;
}

export function loadFeatures(grid: LoadGrid, weather: Weather): LoadFeatures {
  const { values, temperature, slotsPerDay, holidays, firstDay } = grid;
  const week = 7 * slotsPerDay;
  const perHour = Math.max(1, Math.round(slotsPerDay / 24));
  const profile = weeklyProfile(values, grid);
  const warmth = weeklyProfile(temperature, { slotsPerDay, holidays: new Uint8Array(holidays.length) });
  const deviations = values.map((value, slot) => value - (profile[slot] as number));
  const loads = runningSums(values);
  const changes = runningSums(deviations);
  const degrees = runningSums(temperature);
  const analog = analogDays(grid);
  /** Least and greatest load before each slot. */
  const lowest = new Float64Array(values.length + 1).fill(Number.NaN);
  const highest = new Float64Array(values.length + 1).fill(Number.NaN);
  for (const [slot, value] of values.entries()) {
    const [least, greatest] = [lowest[slot] as number, highest[slot] as number];
    lowest[slot + 1] = value <= least || Number.isNaN(least) ? value : least;
    highest[slot + 1] = value >= greatest || Number.isNaN(greatest) ? value : greatest;
  }

  const magnitudes = runningSums(values.map(Math.abs));
  const daily = runningSums(
    values.map((value, slot) =>
      Math.abs(value - (slot < slotsPerDay ? Number.NaN : (values[slot - slotsPerDay] as number))),
    ),
  );
  const levelOf = (origin: number): number => {
    const all = windowMean(magnitudes, 0, origin);
    const mean = windowMean(magnitudes, origin - 4 * week, origin);
    const known = Number.isNaN(mean) ? all : Math.max(mean, LEAST_SHARE * all);
    return known > 0 ? known : 1;
  };
  const spreadOf = (origin: number): number => {
    const all = windowMean(daily, 0, origin);
    const mean = windowMean(daily, origin - 4 * week, origin);
    const known = Number.isNaN(mean) ? all : Math.max(mean, LEAST_SHARE * all);
    return Math.max(MIN_SPREAD, (known || 0) / levelOf(origin));
  };
  const dayOf = (slot: number): number => Math.floor(slot / slotsPerDay);
  const isHoliday = (day: number): boolean => holidays[day] === 1;
  const weekdayOf = (day: number): number => (((firstDay + day + 4) % 7) + 7) % 7;
  const dayOff = (day: number): number => (isHoliday(day) || weekdayOf(day) === 0 ? 2 : weekdayOf(day) === 6 ? 1 : 0);
  const recent = recentQuantiles({ values, slotsPerDay, isOff: (day) => dayOff(day) > 0, level: levelOf });
  const before = (array: Float64Array, slot: number, origin: number): number =>
    slot >= 0 && slot < origin ? (array[slot] as number) : Number.NaN;

  const block = new Float64Array(FEATURES);
  let blockOf = -1;
  let level = 1;
  /** What holds for all slots of an origin. */
  const describeOrigin = (origin: number) => {
    blockOf = origin;
    level = levelOf(origin);
    const put = (name: FeatureName, value: number) => {
      block[featureIndex[name]] = value;
    };
    const hours3 = windowMean(changes, origin - 3 * perHour, origin);
    put('deviationNow', windowMean(changes, origin - perHour, origin) / level);
    put('deviationHours3', hours3 / level);
    put('deviationDay', windowMean(changes, origin - slotsPerDay, origin) / level);
    put('deviationDayBefore', windowMean(changes, origin - 2 * slotsPerDay, origin - slotsPerDay) / level);
    put('deviationWeek', windowMean(changes, origin - week, origin) / level);
    put('deviationTrend', (hours3 - windowMean(changes, origin - 9 * perHour, origin - 6 * perHour)) / level);
    const loadNow = windowMean(loads, origin - perHour, origin);
    put('loadNow', loadNow / level);
    put('changeNow', (loadNow - windowMean(loads, origin - 2 * perHour, origin - perHour)) / level);
    put('loadHours3', windowMean(loads, origin - 3 * perHour, origin) / level);
    put('dayMean', windowMean(loads, origin - slotsPerDay, origin) / level);
    put('weekMean', windowMean(loads, origin - week, origin) / level);
    const [minimum, maximum] = extremes(values, origin - slotsPerDay, origin);
    put('dayMaximum', maximum / level);
    put('dayMinimum', minimum / level);
    put('holidayDayBefore', isHoliday(dayOf(origin - 1)) ? 1 : 0);
    const now = windowMean(degrees, origin - 2 * perHour, origin);
    put('temperatureNow', now);
    put('temperatureDay', windowMean(degrees, origin - slotsPerDay, origin));
    put('temperatureDayBefore', windowMean(degrees, origin - 2 * slotsPerDay, origin - slotsPerDay));
    const [coldest, warmest] = extremes(temperature, origin - slotsPerDay, origin);
    put('temperatureDayMaximum', warmest);
    put('temperatureDayMinimum', coldest);
    put('temperatureTrend', now - windowMean(degrees, origin - slotsPerDay - 2 * perHour, origin - slotsPerDay));
  };

  return {
    grid,
    profile,
    level: levelOf,
    spread: spreadOf,
    known: (origin) => loads.counts[Math.min(origin, values.length)] as number,
    bounds(origin) {
      const least = lowest[origin] as number;
      const greatest = highest[origin] as number;
      const more = BEYOND * (greatest - least);
      return [least - more, greatest + more];
    },
    idle: (origin) => windowMean(magnitudes, origin - 4 * week, origin) === 0,
    describe(origin, ahead, out, at) {
      if (origin !== blockOf) describeOrigin(origin);
      out.set(block, at);
      const slot = origin + ahead;
      const days = Math.floor(ahead / slotsPerDay) + 1;
      const day = dayOf(slot);
      const lag = slot - days * slotsPerDay;
      out[at + first.profile] = (profile[slot] as number) / level;
      out[at + first.lagDay] = before(values, lag, origin) / level;
      out[at + first.lagNextDay] = before(values, lag - slotsPerDay, origin) / level;
      out[at + first.lagWeek] = before(values, slot - week, origin) / level;
      out[at + first.lagTwoWeeks] = before(values, slot - 2 * week, origin) / level;
      out[at + first.deviationLagDay] = before(deviations, lag, origin) / level;
      out[at + first.deviationLagNextDay] = before(deviations, lag - slotsPerDay, origin) / level;
      out[at + first.deviationLagWeek] = before(deviations, slot - week, origin) / level;
      const around = 2 * perHour;
      out[at + first.deviationAround] = windowMean(changes, lag - around, Math.min(origin, lag + around + 1)) / level;
      const [low = Number.NaN, middle = Number.NaN, high = Number.NaN] = recent(slot, origin);
      out[at + first.quantile10] = low / level;
      out[at + first.quantile50] = middle / level;
      out[at + first.quantile90] = high / level;
      out[at + first.horizon] = ahead / perHour;
      out[at + first.slot] = (slot % slotsPerDay) / perHour;
      out[at + first.weekday] = weekdayOf(day);
      out[at + first.dayOff] = dayOff(day);
      out[at + first.dayOffBefore] = dayOff(day - 1);
      out[at + first.dayOffAfter] = dayOff(day + 1);
      out[at + first.dayOffLag] = dayOff(dayOf(lag));
      out[at + first.dayOffWeek] = isHoliday(dayOf(slot - week)) ? 1 : 0;
      out[at + first.holiday] = isHoliday(day) ? 1 : 0;
      out[at + first.holidayLag] = isHoliday(dayOf(lag)) ? 1 : 0;
      const year = (2 * Math.PI * (firstDay + day)) / 365.2425;
      out[at + first.yearSine] = Math.sin(year);
      out[at + first.yearCosine] = Math.cos(year);
      const { date, weekday, easter } = analog(day, dayOf(origin));
      out[at + first.analogDate] = date;
      out[at + first.analogWeekday] = weekday;
      out[at + first.analogEaster] = easter;
      out[at + first.temperatureLagDay] = before(temperature, lag, origin);
      out[at + first.temperatureLagWeek] = before(temperature, slot - week, origin);
      const known = weather === 'known';
      const mean = (hours: number, end: number) => windowMean(degrees, end + 1 - hours * perHour, end + 1);
      out[at + first.temperatureProfile] = warmth[slot] as number;
      out[at + first.temperatureLag24h] = windowMean(degrees, lag + 1 - slotsPerDay, lag + 1);
      out[at + first.temperatureTarget3h] = known ? mean(3, slot) : Number.NaN;
      out[at + first.temperatureTarget12h] = known ? mean(12, slot) : Number.NaN;
      out[at + first.temperatureTarget48h] = known ? mean(48, slot) : Number.NaN;
      out[at + first.temperatureTargetMaximum] = known
        ? extremes(temperature, slot + 1 - slotsPerDay, slot + 1)[1]
        : Number.NaN;
      out[at + first.temperatureChange24h] = known
        ? mean(24, slot) - windowMean(degrees, lag + 1 - slotsPerDay, lag + 1)
        : Number.NaN;
      const target = known ? (temperature[slot] as number) : Number.NaN;
      const target24 = known ? mean(24, slot) : Number.NaN;
      out[at + first.temperatureTarget] = target;
      out[at + first.temperatureTarget6h] = known ? mean(6, slot) : Number.NaN;
      out[at + first.temperatureTarget24h] = target24;
      out[at + first.temperatureTarget72h] = known ? mean(72, slot) : Number.NaN;
      out[at + first.temperatureChangeDay] = target - before(temperature, lag, origin);
      out[at + first.temperatureChangeWeek] = known ? target24 - mean(24, slot - week) : Number.NaN;
    },
  };
}

/** Season and feast days, which a load without a calendar does not know of. */
const CALENDAR: readonly FeatureName[] = ['yearSine', 'yearCosine', 'analogDate', 'analogWeekday', 'analogEaster'];

/** Features of a load that nothing but itself and its weekdays is known of. The grid is to have no holidays. */
export const withoutCalendar = (features: LoadFeatures): LoadFeatures => ({
  ...features,
  describe(origin, ahead, out, at) {
    features.describe(origin, ahead, out, at);
    for (const name of CALENDAR) out[at + featureIndex[name]] = Number.NaN;
  },
});

/** Least and greatest of the known numbers in [from, to); NaN of none. */
function extremes(numbers: Float64Array, from: number, to: number): [number, number] {
  let least = Number.NaN;
  let greatest = Number.NaN;
  for (let index = Math.max(0, from); index < to; index++) {
    const one = numbers[index] as number;
    if (Number.isNaN(one)) continue;
    if (!(one >= least)) least = one;
    if (!(one <= greatest)) greatest = one;
  }
  return [least, greatest];
}

/** Quantile of ascending numbers by linear interpolation (type 7 of Hyndman and Fan); NaN of none. */
export function quantileOf(sorted: Float64Array, level: number): number {
  if (sorted.length === 0) return Number.NaN;
  const position = level * (sorted.length - 1);
  const below = Math.floor(position);
  const low = sorted[below] as number;
  const high = sorted[Math.min(below + 1, sorted.length - 1)] as number;
  return low + (position - below) * (high - low);
}
