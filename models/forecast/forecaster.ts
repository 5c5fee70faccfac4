import {
  type LoadFeatures,
  loadFeatures,
  type Weather,
  withoutCalendar,
} from '../../layers/domain/forecasting/load-features.ts';
import {
  type ClockOffset,
  type LoadGrid,
  type LoadSeries,
  slotAt,
  toGrid,
} from '../../layers/domain/forecasting/load-grid.ts';
import { DAY_MS } from '../../layers/domain/readings/calendar-day.ts';
import { type ClassProfile, classProfile } from './class-profile.ts';
import { Combination, type Combined, type DayState } from './combination.ts';
import type { DayCurves } from './kernel/day-curves.ts';
import { memberForecast, pointMembers } from './member-forecast.ts';
import {
  type BaseModels,
  basesFor,
  basesOf,
  bestOf,
  describeSteps,
  nothingLearned,
  SeriesWalk,
  vectorsOf,
} from './series-walk.ts';
import type { ForecastSettings } from './settings.ts';
import { growTreeMembers, type TreeMembers } from './tree-members.ts';

/** What a forecast may know of the weather: nothing, what was measured before its origin, or a forecast for its hours too. */
export const WEATHERS = ['none', 'observed', 'forecast'] as const;
export type WeatherInput = (typeof WEATHERS)[number];

export interface TrainingEntity {
  id: string;
  series: LoadSeries;
  /** Days since 1970-01-01, local. */
  holidays: ReadonlySet<number>;
}

export interface EntityState {
  models: BaseModels;
  /** By day ahead. */
  curves: (DayCurves | undefined)[];
  baseErrors: Float64Array;
  states: DayState[];
}

export interface WeatherModel {
  trees: TreeMembers;
  entities: { keys(): Iterable<string>; get(id: string): EntityState | undefined };
}

/** A trained model; but for the places of its entities plain data and typed arrays. */
export interface ForecastModel {
  settings: ForecastSettings;
  stepMs: number;
  profile: ClassProfile;
  weather: Partial<Record<WeatherInput, WeatherModel>>;
}

/** Days before the end by whose outcomes the members are weighed and the bands are set. */
const BACKTEST_DAYS = 42;
/** A longer silence before an origin leaves only the recent days to go by [P]. */
const FRESH_DAYS = 1;
const MIN_HISTORY_DAYS = 8;
/** Hours whose error moves what follows, and after how many hours half of it is forgotten [P]. */
const RECENT_HOURS = 3;
const ERROR_HALF_LIFE_HOURS = 6;

/** @param offset the local clock of all entities */
export function trainForecaster(
  entities: readonly TrainingEntity[],
  options: { settings: ForecastSettings; offset: ClockOffset; signal?: AbortSignal },
): ForecastModel {
  const [first] = entities;
  if (first === undefined) throw new Error('there is no load to learn from');
  const odd = entities.filter(({ series }) => series.stepMs !== first.series.stepMs).map(({ id }) => id);
  if (odd.length > 0) throw new Error(`intervals differ from those of ${first.id}: ${odd.join(', ')}`);
  const { settings, offset, signal } = options;
  const withTemperature =
    settings.features === 'weather' &&
    entities.every(({ series }) => series.temperature?.some((one) => !Number.isNaN(one)));
  let profile: ClassProfile | undefined;
  const weather: ForecastModel['weather'] = {};
  for (const input of WEATHERS) {
    if (input !== 'none' && !withTemperature) continue;
    const walks = entities.map(
      ({ series, holidays }) => new SeriesWalk(featuresOf({ series, input, offset, holidays, settings }), 0, settings),
    );
    const lastDays = entities.map(({ series }, index) => {
      const { grid } = (walks[index] as SeriesWalk).features;
      return Math.floor(slotAt(grid, offset, series.start + series.values.length * series.stepMs) / grid.slotsPerDay);
    });
    weather[input] = trainWeather(entities, walks, lastDays, settings, signal);
    profile ??= classProfile(walks, lastDays);
  }
  return { settings, stepMs: first.series.stepMs, profile: profile as ClassProfile, weather };
}

function trainWeather(
  entities: readonly TrainingEntity[],
  walks: readonly SeriesWalk[],
  lastDays: readonly number[],
  settings: ForecastSettings,
  signal: AbortSignal | undefined,
): WeatherModel {
  const cuts = lastDays.map((last) => last - Math.min(BACKTEST_DAYS, Math.floor(last / 3)));
  for (const [index, walk] of walks.entries()) {
    signal?.throwIfAborted();
    walk.walkTo(lastDays[index] as number);
  }
  const backtestTrees = growTreeMembers(walks, cuts, settings, signal);
  const states = new Map<string, EntityState>();
  for (const [index, walk] of walks.entries()) {
    signal?.throwIfAborted();
    const combination = backtest(walk, cuts[index] as number, lastDays[index] as number, backtestTrees, settings);
    states.set(entities[index]?.id as string, {
      models: walk.models,
      curves: [...walk.curvesAt(lastDays[index] as number)],
      baseErrors: walk.baseErrors,
      states: combination.states,
    });
  }
  return { trees: growTreeMembers(walks, lastDays, settings, signal), entities: states };
}

function backtest(
  walk: SeriesWalk,
  cut: number,
  last: number,
  trees: TreeMembers,
  settings: ForecastSettings,
): Combination {
  const { grid } = walk.features;
  const { slotsPerDay } = grid;
  const combination = combinationOf(walk.bases, slotsPerDay, settings);
  const made = new Map<number, { forecast: ReturnType<typeof memberForecast>; combined: Combined; origin: number }>();
  for (let day = cut; day <= last; day++) {
    for (let ahead = 0; ahead < settings.horizonDays; ahead++) {
      const past = made.get(day - ahead - 1);
      if (past === undefined) continue;
      const level = walk.features.level(past.origin);
      const from = past.origin + ahead * slotsPerDay;
      const actuals = grid.values.slice(from, from + slotsPerDay).map((value) => value / level);
      combination.learn(ahead, past.forecast, past.combined, actuals);
    }
    const row = walk.rows.get(day);
    if (row === undefined || day === last) continue;
    const forecast = memberForecast(walk, row, trees, walk.curvesAt(day));
    made.set(day, { forecast, combined: combination.combine(forecast), origin: row.origin });
  }
  return combination;
}

const combinationOf = (bases: number, slotsPerDay: number, settings: ForecastSettings, states?: DayState[]) =>
  new Combination({ horizonDays: settings.horizonDays, slotsPerDay, members: pointMembers(bases) }, states);

function featuresOf(options: {
  series: LoadSeries;
  input: WeatherInput;
  offset: ClockOffset;
  holidays: ReadonlySet<number>;
  settings: ForecastSettings;
}): LoadFeatures {
  const { series, input, offset, holidays, settings } = options;
  const weather: Weather = input === 'forecast' ? 'known' : 'none';
  const temperature = input === 'none' ? undefined : series.temperature;
  const calendar = settings.features !== 'load';
  const grid = toGrid(
    { ...series, temperature },
    { offset, days: settings.horizonDays + 1, isHoliday: (day) => calendar && holidays.has(day) },
  );
  const features = loadFeatures(grid, weather);
  return calendar ? features : withoutCalendar(features);
}

/** What a forecast is asked for. Times are epoch ms. */
export interface ForecastQuestion {
  id: string;
  issuedAt: number;
  /** Loads before `issuedAt`; what stands at or after it is not looked at. */
  history: LoadSeries;
  /** °C from `start` on; `forecast` holds measured ones before `issuedAt` too. */
  temperature?: { kind: 'observed' | 'forecast'; start: number; values: Float64Array } | undefined;
  holidays: ReadonlySet<number>;
  offset: ClockOffset;
  steps: number;
}

export interface ForecastAnswer {
  /** What spoke. */
  method: 'ensemble' | 'pooled-ensemble' | 'recent-quantiles' | 'class-profile';
  /** Why it was not the ensemble with all that was given; null where it was. */
  fallback: string | null;
  weather: WeatherInput;
  /** By step, in the unit of the history; non-crossing. */
  point: Float64Array;
  low: Float64Array;
  high: Float64Array;
}

/** @returns always a forecast: the ladder ends with the profile of the class. */
export function forecastLoad(model: ForecastModel, question: ForecastQuestion): ForecastAnswer {
  const { stepMs, settings } = model;
  const { history, issuedAt, offset, steps } = question;
  const reasons: string[] = [];
  const first = Math.ceil(issuedAt / stepMs) * stepMs;
  const count = Math.max(0, Math.round((first - history.start) / stepMs));
  // Nothing at or after the origin is in what follows.
  const values = new Float64Array(count).fill(Number.NaN);
  values.set(history.values.subarray(0, count));
  const input = weatherOf(model, question, first, reasons);
  const known = values.filter((value) => !Number.isNaN(value));
  if (known.length * stepMs < MIN_HISTORY_DAYS * DAY_MS) {
    reasons.push(known.length === 0 ? 'no-history' : 'short-history');
    return { ...fromClass(model, question, first, known), weather: 'none', fallback: reasons.join(', ') };
  }
  const length = count + steps + 1;
  const series: LoadSeries = {
    start: history.start,
    stepMs,
    values: padded(values, length),
    temperature: input === 'none' ? undefined : temperatureOf(question, length, first, input),
  };
  const features = featuresOf({ series, input, offset, holidays: question.holidays, settings });
  const { grid } = features;
  const firstSlot = slotAt(grid, offset, first);
  // The regressions were learned from midnights; later hours correct the forecast of the last one.
  const origin = Math.floor(firstSlot / grid.slotsPerDay) * grid.slotsPerDay;
  const fresh = grid.values.subarray(Math.max(0, firstSlot - FRESH_DAYS * grid.slotsPerDay), firstSlot);
  const stale = fresh.filter((value) => !Number.isNaN(value)).length * 2 < fresh.length;
  const part = model.weather[input] as WeatherModel;
  const own = stale ? undefined : part.entities.get(question.id);
  if (stale) reasons.push('stale-history');
  else if (own === undefined) reasons.push('not-trained-on-this-entity');
  const bases = basesFor(settings);
  const ridgeSteps = Math.min(settings.ridgeDays, settings.horizonDays) * grid.slotsPerDay;
  const rows = describeSteps(features, origin, ridgeSteps);
  const row = {
    origin,
    bases: basesOf(features, own?.models ?? nothingLearned(ridgeSteps, settings), rows, origin),
    best: own === undefined ? bases - 1 : bestOf(own.baseErrors),
    vectors: vectorsOf(features, rows),
  };
  const lastAhead = slotAt(grid, offset, first + (steps - 1) * stepMs) - origin;
  const learned = settings.horizonDays * grid.slotsPerDay;
  const walk = { features, steps: Math.min(learned, lastAhead + 1), bases };
  const members = memberForecast(walk, row, stale ? [] : part.trees, own?.curves ?? []);
  const combined = combinationOf(bases, grid.slotsPerDay, settings, own?.states).combine(members);
  const level = features.idle(origin) ? 0 : features.level(origin);
  const shift = level === 0 ? 0 : recentError(grid, combined.point, origin, firstSlot, level);
  const answer = empty(steps);
  if (lastAhead >= learned && settings.horizonDays < 7) reasons.push('beyond-trained-horizon');
  const nonNegative = known.every((value) => value >= 0);
  for (let step = 0; step < steps; step++) {
    let ahead = slotAt(grid, offset, first + step * stepMs) - origin;
    // Beyond the days that were learned an earlier one stands in: of a week's horizon the same weekday.
    while (ahead >= learned) ahead -= learned;
    const moved = shift * 0.5 ** ((step * stepMs) / (ERROR_HALF_LIFE_HOURS * 3_600_000));
    const of = (numbers: Float64Array): number => {
      const relative = numbers[ahead] as number;
      const load = (Number.isFinite(relative) ? relative + moved : 1) * level;
      return nonNegative ? Math.max(0, load) : load;
    };
    answer.point[step] = of(combined.point);
    answer.low[step] = Math.min(of(combined.low), answer.point[step] as number);
    answer.high[step] = Math.max(of(combined.high), answer.point[step] as number);
  }
  return {
    ...answer,
    method: stale ? 'recent-quantiles' : own === undefined ? 'pooled-ensemble' : 'ensemble',
    fallback: reasons.length === 0 ? null : reasons.join(', '),
    weather: input,
  };
}

const empty = (steps: number) => ({
  point: new Float64Array(steps),
  low: new Float64Array(steps),
  high: new Float64Array(steps),
});

const padded = (values: Float64Array, length: number): Float64Array => {
  const longer = new Float64Array(length).fill(Number.NaN);
  longer.set(values);
  return longer;
};

/** The best use of the temperatures that the model was trained for and the question can fill. */
function weatherOf(model: ForecastModel, question: ForecastQuestion, first: number, reasons: string[]): WeatherInput {
  const { temperature, steps } = question;
  if (temperature === undefined) return 'none';
  const at = (time: number): boolean =>
    !Number.isNaN(temperature.values[Math.round((time - temperature.start) / model.stepMs)] ?? Number.NaN);
  if (model.weather.observed === undefined) {
    reasons.push('trained-without-temperature');
    return 'none';
  }
  const day = Math.round(DAY_MS / model.stepMs);
  const hasPast =
    Array.from({ length: day }, (_, back) => at(first - (back + 1) * model.stepMs)).filter(Boolean).length > day / 2;
  if (!hasPast) {
    reasons.push('no-recent-temperature');
    return 'none';
  }
  if (temperature.kind === 'observed') return 'observed';
  if (Array.from({ length: steps }, (_, step) => at(first + step * model.stepMs)).every(Boolean)) return 'forecast';
  reasons.push('temperature-forecast-too-short');
  return 'observed';
}

/** Temperatures on the history's intervals; measured ones end at the origin. */
function temperatureOf(question: ForecastQuestion, length: number, first: number, input: WeatherInput): Float64Array {
  const { temperature, history } = question;
  const degrees = new Float64Array(length).fill(Number.NaN);
  if (temperature === undefined) return degrees;
  const shift = Math.round((history.start - temperature.start) / history.stepMs);
  for (let index = 0; index < length; index++) {
    if (input === 'observed' && history.start + index * history.stepMs >= first) break;
    degrees[index] = temperature.values[index + shift] ?? Number.NaN;
  }
  return degrees;
}

/** How far off the forecast of the last midnight was in the three hours before now, relative to the level; 0 where nothing is known. */
function recentError(grid: LoadGrid, point: Float64Array, origin: number, now: number, level: number): number {
  const { values, slotsPerDay } = grid;
  const from = Math.max(origin, now - Math.round((RECENT_HOURS / 24) * slotsPerDay));
  let sum = 0;
  let count = 0;
  for (let slot = from; slot < now; slot++) {
    const error = (values[slot] as number) / level - (point[slot - origin] as number);
    if (Number.isNaN(error)) continue;
    sum += error;
    count++;
  }
  return count === 0 ? 0 : sum / count;
}

function fromClass(model: ForecastModel, question: ForecastQuestion, first: number, known: Float64Array) {
  const { profile, stepMs } = model;
  const answer = empty(question.steps);
  const own = known.reduce((sum, value) => sum + value, 0) / known.length;
  const level = known.length * stepMs >= DAY_MS ? own : profile.level;
  for (let step = 0; step < question.steps; step++) {
    const time = first + step * stepMs;
    const local = time + question.offset(time);
    const weekday = (((Math.floor(local / DAY_MS) + 4) % 7) + 7) % 7;
    const slot = Math.floor((local - Math.floor(local / DAY_MS) * DAY_MS) / stepMs);
    const at = (weekday * profile.slotsPerDay + slot) * 3;
    answer.low[step] = (profile.quantiles[at] as number) * level;
    answer.point[step] = (profile.quantiles[at + 1] as number) * level;
    answer.high[step] = (profile.quantiles[at + 2] as number) * level;
  }
  return { ...answer, method: 'class-profile' as const };
}
