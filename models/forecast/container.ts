import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { zoneOffsetMs } from '../../layers/domain/calendar/zone-offset.ts';
import { DAY_MS } from '../../layers/domain/readings/calendar-day.ts';
import type { ModelContainer } from '../container/model-container.ts';
import { answerForecast } from './answer.ts';
import { type TrainingEntity, trainForecaster } from './forecaster.ts';
import { holdsModel, readModel, writeModel } from './model-file.ts';
import { answer, type SeasonalModel, trainSeasonal } from './seasonal.ts';
import { FEATURE_SETS, type ForecastSettings, NIGHTLY_SETTINGS } from './settings.ts';

/** File of a seasonal model. */
const SEASONAL = 'model.json';

/** Kinds of models, by the hyperparameter `model`. */
const MODELS = ['ensemble', 'seasonal'] as const;

/**
 * Load forecasts, trained on one CSV file per entity: `time,value[,temperature_c,holiday]`; the file's name is the entity's id. Hyperparameters:
 * `model` (ensemble, seasonal), `timeZone`, for the ensemble `features` (load, calendar,
 * weather), `trees`, `leaves`, `learningRate`, `maxRows`, `horizonDays` and `seed`, for the
 * seasonal model `weeks`.
 */
export const forecastContainer: ModelContainer = {
  name: 'forecast',
  async train({ channels, hyperparameters, modelDir, metric, signal }) {
    const folder = channels.train;
    if (!folder) throw new Error('the channel train is missing');
    const kind = hyperparameters.model ?? 'ensemble';
    if (!MODELS.some((one) => one === kind)) throw new Error(`model is ${kind}, not ${MODELS.join(' or ')}`);
    const offset = offsetOf(hyperparameters.timeZone ?? 'UTC');
    const entities = readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.csv'))
      .sort()
      .map((file) => readEntity(file, readFileSync(join(folder, file), 'utf8'), offset));
    if (entities.length === 0) throw new Error('the channel train holds no CSV file');
    metric('entities', entities.length);
    if (kind === 'seasonal') {
      const series = entities.map(({ series: { start, stepMs, values } }) => ({ start, intervalMs: stepMs, values }));
      const model = trainSeasonal({ series, weeks: Number(hyperparameters.weeks ?? 4), signal });
      metric('residuals', model.residualCount);
      writeFileSync(join(modelDir, SEASONAL), JSON.stringify(model));
      return;
    }
    const model = trainForecaster(entities, { settings: settingsOf(hyperparameters), offset, signal });
    writeModel(modelDir, model);
  },
  async load(modelDir) {
    if (holdsModel(modelDir)) {
      const { model, version } = readModel(modelDir);
      return { invoke: (request) => answerForecast(model, version, request) };
    }
    const text = readFileSync(join(modelDir, SEASONAL), 'utf8');
    const version = createHash('sha256').update(text).digest('hex').slice(0, 16);
    const model = JSON.parse(text) as SeasonalModel;
    return { invoke: (request) => answer(model, version, request) };
  },
};

const offsetOf =
  (timeZone: string) =>
  (time: number): number =>
    zoneOffsetMs(timeZone, time);

/** @throws naming the hyperparameter that is no number in its range. */
function settingsOf(given: Record<string, string>): ForecastSettings {
  const number = (name: string, standard: number, [least, most]: [number, number]): number => {
    const value = given[name] === undefined ? standard : Number(given[name]);
    if (!(value >= least && value <= most)) throw new Error(`${name} is ${given[name]}, not ${least} to ${most}`);
    return value;
  };
  const { trees, maxTreeRows, horizonDays, seed, features: all } = NIGHTLY_SETTINGS;
  const features = FEATURE_SETS.find((one) => one === (given.features ?? all));
  if (features === undefined) throw new Error(`features is ${given.features}, not ${FEATURE_SETS.join(' or ')}`);
  return {
    ...NIGHTLY_SETTINGS,
    features,
    horizonDays: number('horizonDays', horizonDays, [1, 7]),
    maxTreeRows: number('maxRows', maxTreeRows, [1000, 1_000_000]),
    seed: number('seed', seed, [0, 2 ** 31]),
    trees: {
      ...trees,
      count: number('trees', trees.count, [1, 2000]),
      maxLeaves: number('leaves', trees.maxLeaves, [2, 255]),
      learningRate: number('learningRate', trees.learningRate, [0.001, 1]),
    },
  };
}

/** @throws naming the file and line that cannot be read. */
function readEntity(file: string, text: string, offset: (time: number) => number): TrainingEntity {
  const [header = '', ...lines] = text.trim().split('\n');
  const columns = header.trim().split(',');
  const [time, value] = [columns.indexOf('time'), columns.indexOf('value')];
  if (time < 0 || value < 0) throw new Error(`${file} lacks the columns time and value`);
  const rows = lines.map((line) => line.trim().split(','));
  const times = rows.map((cells, index) => {
    const at = Date.parse(cells[time] ?? '');
    if (Number.isNaN(at)) throw new Error(`${file}:${index + 2} has no time`);
    return at;
  });
  if (times.length < 2) throw new Error(`${file} holds fewer than two intervals`);
  const start = times[0] as number;
  const stepMs = (times[1] as number) - start;
  times.forEach((at, index) => {
    if (at !== start + index * stepMs) throw new Error(`${file}:${index + 2} leaves the rhythm of its file`);
  });
  const numbersOf = (column: number): Float64Array =>
    Float64Array.from(rows, (cells) => (cells[column] ? Number(cells[column]) : Number.NaN));
  const temperature = columns.indexOf('temperature_c');
  const holiday = columns.indexOf('holiday');
  return {
    id: basename(file, '.csv'),
    series: {
      start,
      stepMs,
      values: numbersOf(value),
      temperature: temperature < 0 ? undefined : numbersOf(temperature),
    },
    holidays: new Set(
      times.flatMap((at, index) =>
        Number(rows[index]?.[holiday] ?? 0) > 0 ? [Math.floor((at + offset(at)) / DAY_MS)] : [],
      ),
    ),
  };
}
