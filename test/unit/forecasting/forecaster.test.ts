import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zoneOffsetMs } from '../../../layers/domain/calendar/zone-offset.ts';
import { FEATURES, loadFeatures } from '../../../layers/domain/forecasting/load-features.ts';
import { toGrid } from '../../../layers/domain/forecasting/load-grid.ts';
import { type ForecastQuestion, forecastLoad, trainForecaster } from '../../../models/forecast/forecaster.ts';
import { readModel, writeModel } from '../../../models/forecast/model-file.ts';
import { type FeatureSet, NIGHTLY_SETTINGS } from '../../../models/forecast/settings.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const START = Date.UTC(2024, 2, 4);
const DAYS = 84;
const utc = () => 0;
const settings = {
  ...NIGHTLY_SETTINGS,
  horizonDays: 2,
  trees: { ...NIGHTLY_SETTINGS.trees, count: 8, learningRate: 0.4, maxLeaves: 8 },
  maxTreeRows: 1500,
};

/** An hourly load with a daily and a weekly shape and the weather in it. */
const degreesAt = (hour: number) => 15 + 8 * Math.sin((2 * Math.PI * (hour % 24)) / 24) + 5 * Math.sin(hour / 61);
const loadAt = (hour: number, scale = 1) => {
  const weekend = Math.floor(hour / 24) % 7 >= 5 ? 0.8 : 1;
  return (
    scale *
    weekend *
    (100 + 30 * Math.sin((2 * Math.PI * ((hour % 24) - 6)) / 24) + 2 * degreesAt(hour) + ((hour * 7919) % 17) / 4)
  );
};
const fullLoad = (hour: number) => loadAt(hour);
const hours = (count: number, of: (hour: number) => number) =>
  Float64Array.from({ length: count }, (_, hour) => of(hour));
const entity = (id: string, values: Float64Array, temperature?: Float64Array) => ({
  id,
  series: { start: START, stepMs: HOUR, values, temperature },
  holidays: new Set<number>(),
});
const trained = trainForecaster(
  [
    entity(
      'F1',
      hours(DAYS * 24, (hour) => loadAt(hour)),
      hours(DAYS * 24, degreesAt),
    ),
    entity(
      'F2',
      hours(DAYS * 24, (hour) => loadAt(hour, 0.01)),
      hours(DAYS * 24, degreesAt),
    ),
  ],
  { settings, offset: utc },
);
const question = (more: Partial<ForecastQuestion> = {}): ForecastQuestion => ({
  id: 'F1',
  issuedAt: START + 70 * DAY,
  history: { start: START, stepMs: HOUR, values: hours(70 * 24, (hour) => loadAt(hour)) },
  holidays: new Set(),
  offset: utc,
  steps: 48,
  ...more,
});
const errorOf = ({ point }: { point: Float64Array }, at = 70 * 24) =>
  point.reduce((sum, one, step) => sum + Math.abs(one / loadAt(at + step) - 1), 0) / point.length;

test('a known load is forecast by the ensemble', () => {
  const answer = forecastLoad(trained, question());
  expect(answer).toMatchObject({ method: 'ensemble', fallback: null, weather: 'none' });
  expect(errorOf(answer)).toBeLessThan(0.06);
  for (const [step, point] of answer.point.entries()) {
    expect(answer.low[step]).toBeLessThanOrEqual(point);
    expect(answer.high[step]).toBeGreaterThanOrEqual(point);
  }
});

test('nothing at or after the origin changes a forecast', () => {
  const known = hours(DAYS * 24, (hour) => loadAt(hour));
  const degrees = hours(DAYS * 24, degreesAt);
  const poisoned = known.map((value, hour) => (hour < 70 * 24 ? value : 1e6));
  const hot = degrees.map((value, hour) => (hour < 70 * 24 ? value : 60));
  const ask = (values: Float64Array, temperature: Float64Array) =>
    forecastLoad(
      trained,
      question({
        history: { start: START, stepMs: HOUR, values },
        temperature: { kind: 'observed', start: START, values: temperature },
      }),
    );
  expect(ask(poisoned, hot)).toEqual(ask(known, degrees));
  expect(ask(known, degrees).weather).toBe('observed');
});

test('the features of an origin are made from what lies before it', () => {
  const known = hours(70 * 24, (hour) => loadAt(hour));
  const rowOf = (values: Float64Array, temperature: Float64Array) => {
    const grid = toGrid(
      { start: START, stepMs: HOUR, values, temperature },
      { offset: utc, days: 3, isHoliday: () => false },
    );
    const row = new Float64Array(FEATURES * 168);
    const features = loadFeatures(grid, 'none');
    for (let ahead = 0; ahead < 168; ahead++) features.describe(40 * 24 + 5, ahead, row, ahead * FEATURES);
    return row;
  };
  const poison = (values: Float64Array) => values.map((value, hour) => (hour < 40 * 24 + 5 ? value : Number.NaN));
  const degrees = hours(70 * 24, degreesAt);
  expect(rowOf(poison(known), poison(degrees))).toEqual(rowOf(known, degrees));
});

test('training twice gives the same bytes, and a model that was saved answers as before', () => {
  const again = trainForecaster(
    [
      entity(
        'F1',
        hours(30 * 24, (hour) => loadAt(hour)),
      ),
    ],
    { settings, offset: utc },
  );
  const twice = trainForecaster(
    [
      entity(
        'F1',
        hours(30 * 24, (hour) => loadAt(hour)),
      ),
    ],
    { settings, offset: utc },
  );
  const [one, other, saved] = [again, twice, trained].map((model) => {
    const folder = mkdtempSync(join(tmpdir(), 'model-'));
    writeModel(folder, model);
    return folder;
  }) as [string, string, string];
  const files = readdirSync(one);
  expect(files).toEqual(['ensemble.json', 'entities.jsonl']);
  for (const file of files) expect(readFileSync(join(one, file))).toEqual(readFileSync(join(other, file)));
  const { model, version } = readModel(saved);
  expect(readModel(other).version).toBe(readModel(one).version);
  expect(version).not.toBe(readModel(one).version);
  expect(forecastLoad(model, question())).toEqual(forecastLoad(trained, question()));
  for (const folder of [one, other, saved]) rmSync(folder, { recursive: true });
});

test('a weather forecast helps, and is used only when it covers the hours', () => {
  const temperature = (count: number) => ({ kind: 'forecast' as const, start: START, values: hours(count, degreesAt) });
  expect(forecastLoad(trained, question({ temperature: temperature(72 * 24) }))).toMatchObject({
    weather: 'forecast',
    fallback: null,
  });
  expect(forecastLoad(trained, question({ temperature: temperature(71 * 24) }))).toMatchObject({
    weather: 'observed',
    fallback: 'temperature-forecast-too-short',
  });
  expect(forecastLoad(trained, question({ temperature: temperature(60 * 24) }))).toMatchObject({
    weather: 'none',
    fallback: 'no-recent-temperature',
  });
});

test('each rung of the ladder says why it was taken', () => {
  const fallback = (more: Partial<ForecastQuestion>) => {
    const answer = forecastLoad(trained, question(more));
    expect(answer.point.every((one) => Number.isFinite(one) && one >= 0)).toBe(true);
    return [answer.method, answer.fallback];
  };
  const history = (values: Float64Array) => ({ history: { start: START, stepMs: HOUR, values } });
  expect(fallback({ id: 'F9' })).toEqual(['pooled-ensemble', 'not-trained-on-this-entity']);
  expect(fallback(history(hours(67 * 24, (hour) => loadAt(hour))))).toEqual(['recent-quantiles', 'stale-history']);
  expect(fallback({ ...history(hours(24, (hour) => loadAt(hour))), issuedAt: START + DAY })).toEqual([
    'class-profile',
    'short-history',
  ]);
  expect(fallback(history(new Float64Array(0)))).toEqual(['class-profile', 'no-history']);
  expect(fallback({ steps: 96 })).toEqual(['ensemble', 'beyond-trained-horizon']);
});

test('a meter that is always zero stays zero, a constant load constant', () => {
  const flat = (level: number) =>
    forecastLoad(
      trained,
      question({ id: 'F9', history: { start: START, stepMs: HOUR, values: hours(70 * 24, () => level) } }),
    );
  expect([...flat(0).point].every((one) => one === 0)).toBe(true);
  for (const one of flat(50).point) expect(Math.abs(one - 50)).toBeLessThan(1);
  const zeros = trainForecaster([entity('Z', new Float64Array(40 * 24))], { settings, offset: utc });
  expect(
    [
      ...forecastLoad(
        zeros,
        question({ id: 'Z', history: { start: START, stepMs: HOUR, values: new Float64Array(70 * 24) } }),
      ).high,
    ].every((one) => one === 0),
  ).toBe(true);
});

test('readings gone mad in one load do not spoil the forecasts of another', () => {
  const mad = hours(DAYS * 24, (hour) => loadAt(hour) * (Math.floor(hour / 24) === 80 && hour % 24 < 12 ? 1e6 : 1));
  const learned = [entity('F1', hours(DAYS * 24, fullLoad)), entity('F2', mad)];
  const model = trainForecaster(learned, { settings, offset: utc });
  const asked = question({
    issuedAt: START + DAYS * DAY,
    history: { start: START, stepMs: HOUR, values: hours(DAYS * 24, fullLoad) },
  });
  expect(errorOf(forecastLoad(model, asked), DAYS * 24)).toBeLessThan(0.06);
});

test('a model without weather or calendar hears of neither', () => {
  const summer = hours(DAYS * 24, (hour) => loadAt(hour));
  const withHolidays = (holidays: number[]) => ({
    ...entity('F1', summer, hours(DAYS * 24, degreesAt)),
    holidays: new Set(holidays),
  });
  const asked = (holidays: number[]) => ({
    ...question({ temperature: { kind: 'forecast' as const, start: START, values: hours(72 * 24, degreesAt) } }),
    holidays: new Set(holidays),
  });
  const feasts = Array.from({ length: 12 }, (_, week) => START / DAY + 7 * week + 2);
  const trainedOn = (features: FeatureSet, holidays: number[]) =>
    trainForecaster([withHolidays(holidays)], { settings: { ...settings, features }, offset: utc });
  const load = trainedOn('load', feasts);
  expect(Object.keys(load.weather)).toEqual(['none']);
  expect(forecastLoad(load, asked(feasts))).toEqual(forecastLoad(trainedOn('load', []), asked([])));
  expect(forecastLoad(load, asked(feasts))).toMatchObject({
    weather: 'none',
    fallback: 'trained-without-temperature',
  });
  const calendar = trainedOn('calendar', feasts);
  expect(Object.keys(calendar.weather)).toEqual(['none']);
  expect(forecastLoad(calendar, asked(feasts)).point).not.toEqual(forecastLoad(load, asked(feasts)).point);
});

test('one day of history trains a model that answers', () => {
  const model = trainForecaster(
    [
      entity(
        'N',
        hours(24, (hour) => loadAt(hour)),
      ),
    ],
    { settings, offset: utc },
  );
  const answer = forecastLoad(
    model,
    question({
      id: 'N',
      issuedAt: START + DAY,
      history: { start: START, stepMs: HOUR, values: hours(24, (hour) => loadAt(hour)) },
    }),
  );
  expect(answer.method).toBe('class-profile');
  expect(answer.point.every((one) => one > 50 && one < 200)).toBe(true);
});

test('the day of 23 hours and the day of 25 keep the clock of the people', () => {
  const offset = (time: number) => zoneOffsetMs('Australia/Melbourne', time);
  const shape = (time: number) => {
    const hour = Math.floor((time + offset(time)) / HOUR) % 24;
    return hour >= 18 && hour < 20 ? 200 : 100;
  };
  for (const changes of [Date.UTC(2024, 3, 6), Date.UTC(2024, 9, 5)]) {
    const start = changes - 42 * DAY - 10 * HOUR;
    const values = Float64Array.from({ length: 42 * 24 }, (_, hour) => shape(start + hour * HOUR));
    const series = { start, stepMs: HOUR, values };
    const model = trainForecaster([{ id: 'M', series, holidays: new Set() }], { settings, offset });
    const issuedAt = start + values.length * HOUR;
    const { point } = forecastLoad(model, question({ id: 'M', issuedAt, history: series, offset }));
    for (const [step, one] of point.entries()) expect(Math.abs(one - shape(issuedAt + step * HOUR))).toBeLessThan(20);
  }
});
