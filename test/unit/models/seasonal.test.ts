import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ForecastRequest, ForecastResponse } from '../../../layers/contracts/models/forecast.ts';
import { checkedForecast, forecastLoss } from '../../../layers/domain/models/forecast-loss.ts';
import { forecastContainer } from '../../../models/forecast/container.ts';

const SEED = join(import.meta.dirname, '../../../models/forecast/seed');
const folder = mkdtempSync(join(tmpdir(), 'forecast-'));
afterAll(() => rmSync(folder, { recursive: true }));

const values = readFileSync(join(SEED, 'train/households.csv'), 'utf8')
  .trim()
  .split('\n')
  .slice(1)
  .map((line) => Number(line.split(',')[1]));
const START = '2012-07-01T00:00:00Z';
const request = (weeks: number, over: Partial<ForecastRequest> = {}): ForecastRequest => ({
  entity: { kind: 'system', id: 'system' },
  issuedAt: new Date(Date.parse(START) + weeks * 168 * 3_600_000).toISOString(),
  intervalMinutes: 30,
  history: { start: START, values: values.slice(0, weeks * 336) },
  timeZone: 'Australia/Sydney',
  horizonHours: 24,
  quantiles: [0.1, 0.5, 0.9],
  ...over,
});

test('the seed trains a model that answers by contract and is measured on what came', async () => {
  const metrics: Record<string, number> = {};
  await forecastContainer.train({
    hyperparameters: { model: 'seasonal' },
    channels: { train: join(SEED, 'train') },
    modelDir: folder,
    signal: new AbortController().signal,
    metric: (name, value) => {
      metrics[name] = value;
    },
  });
  expect(metrics.entities).toBe(1);
  const model = await forecastContainer.load(folder);
  const asked = request(7);
  const response = checkedForecast(asked, model.invoke(asked));
  expect(response).toMatchObject({ fallback: null, intervals: { length: 48 } });
  const example = { id: 'a', block: 'b', request: asked, actuals: values.slice(7 * 336, 7 * 336 + 48), scale: 0.3 };
  const { losses } = forecastLoss(example, response);
  expect(losses.error).toBeGreaterThan(0);
  expect(losses.pinball).toBeLessThan(losses.error as number);
  // Worse than knowing: the same values as forecast lose nothing.
  const perfect = {
    ...response,
    intervals: response.intervals.map((interval, index) => {
      const point = example.actuals[index] as number;
      return { ...interval, point, quantiles: interval.quantiles.map(({ level }) => ({ level, value: point })) };
    }),
  };
  expect(forecastLoss(example, perfect).losses).toEqual({ error: 0, pinball: 0 });
});

test.each<[string, (good: ForecastResponse) => unknown, string]>([
  ['too few intervals', (good) => ({ ...good, intervals: good.intervals.slice(1) }), '47 intervals'],
  ['other times', (good) => ({ ...good, intervals: good.intervals.toReversed() }), 'interval 0 is'],
  [
    'NaN',
    (good) => ({ ...good, intervals: good.intervals.map((each) => ({ ...each, point: null })) }),
    'expected number',
  ],
  [
    'crossing quantiles',
    (good) => ({
      ...good,
      intervals: good.intervals.map((each) => ({
        ...each,
        quantiles: each.quantiles.map(({ level }) => ({ level, value: -level })),
      })),
    }),
    'cross',
  ],
  [
    'a missing quantile',
    (good) => ({ ...good, intervals: good.intervals.map((each) => ({ ...each, quantiles: each.quantiles.slice(1) })) }),
    'lacks a quantile',
  ],
])('an answer with %s is none', async (_, spoil, message) => {
  const model = await forecastContainer.load(folder);
  const asked = request(7);
  expect(() => checkedForecast(asked, spoil(model.invoke(asked) as ForecastResponse))).toThrow(message);
});
