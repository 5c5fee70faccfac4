import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ModelContainer } from '../container/model-container.ts';
import { answer, type SeasonalModel, trainSeasonal } from './seasonal.ts';

const MODEL = 'model.json';

/** Load forecasts, trained on one CSV file per entity: `time,value[,temperature_c,holiday]`. */
export const forecastContainer: ModelContainer = {
  name: 'forecast',
  async train({ channels, hyperparameters, modelDir, metric, signal }) {
    const folder = channels.train;
    if (!folder) throw new Error('the channel train is missing');
    const series = readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.csv'))
      .sort()
      .map((file) => readSeries(file, readFileSync(join(folder, file), 'utf8')));
    if (series.length === 0) throw new Error('the channel train holds no CSV file');
    const model = trainSeasonal({ series, weeks: Number(hyperparameters.weeks ?? 4), signal });
    metric('entities', series.length);
    metric('residuals', model.residualCount);
    writeFileSync(join(modelDir, MODEL), JSON.stringify(model));
  },
  async load(modelDir) {
    const text = readFileSync(join(modelDir, MODEL), 'utf8');
    const model = JSON.parse(text) as SeasonalModel;
    const version = createHash('sha256').update(text).digest('hex').slice(0, 16);
    return { invoke: (request) => answer(model, version, request) };
  },
};

/** @throws naming the file and line that cannot be read. */
function readSeries(file: string, text: string): { start: number; intervalMs: number; values: Float64Array } {
  const [header = '', ...lines] = text.trim().split('\n');
  const columns = header.split(',');
  const [time, value] = [columns.indexOf('time'), columns.indexOf('value')];
  if (time < 0 || value < 0) throw new Error(`${file} lacks the columns time and value`);
  const values = new Float64Array(lines.length);
  const times = lines.map((line, index) => {
    const cells = line.split(',');
    const at = Date.parse(cells[time] ?? '');
    if (Number.isNaN(at)) throw new Error(`${file}:${index + 2} has no time`);
    const cell = cells[value] ?? '';
    values[index] = cell === '' ? Number.NaN : Number(cell);
    return at;
  });
  if (times.length < 2) throw new Error(`${file} holds fewer than two intervals`);
  const start = times[0] as number;
  const intervalMs = (times[1] as number) - start;
  times.forEach((at, index) => {
    if (at !== start + index * intervalMs) throw new Error(`${file}:${index + 2} leaves the rhythm of its file`);
  });
  return { start, intervalMs, values };
}
