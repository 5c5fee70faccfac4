import fc from 'fast-check';
import type { ForecastInterval } from '../../../layers/contracts/models/forecast.ts';
import type { ModelRun } from '../../../layers/contracts/models/learning.ts';
import { addUp, type Part } from '../../../layers/domain/models/add-up.ts';
import { bestCandidate } from '../../../layers/domain/models/best-candidate.ts';
import { historyOf } from '../../../layers/domain/models/entity-history.ts';
import { checkedForecast } from '../../../layers/domain/models/forecast-loss.ts';
import { drift, outcomeOf } from '../../../layers/domain/models/forecast-outcome.ts';
import { seasonalFallback } from '../../../layers/domain/models/seasonal-fallback.ts';
import { exampleAt, foldsBefore, trainingCsv } from '../../../layers/domain/models/training-set.ts';
import { DAY_MS } from '../../../layers/domain/readings/calendar-day.ts';
import { emptySummary } from '../../../layers/domain/windows/day-summary.ts';

const START = Date.parse('2026-03-02T00:00:00Z');
const HOUR = 3_600_000;

describe('what a model is asked', () => {
  const values = Array.from({ length: 40 * 24 }, (_, hour) => 10 + (hour % 24) + (hour % 7) / 10);
  const series = {
    entity: { kind: 'feeder', id: 'F1' } as const,
    timeZone: 'Australia/Sydney',
    history: { start: START, intervalMinutes: 60, values },
  };
  const origin = START + 30 * DAY_MS;

  test('nothing from the origin on is in a request or in training data: poisoned, it changes nothing', () => {
    const poisoned = values.map((value, hour) => (START + hour * HOUR >= origin ? 1e9 : value));
    const poisonedSeries = { ...series, history: { ...series.history, values: poisoned } };
    const [clean, dirty] = [exampleAt(series, origin), exampleAt(poisonedSeries, origin)];
    expect(clean?.request.history.values).toHaveLength(30 * 24);
    expect(dirty?.request).toEqual(clean?.request);
    expect(dirty?.scale).toBe(clean?.scale);
    expect(dirty?.actuals).toEqual(Array.from({ length: 24 }, () => 1e9));
    expect(trainingCsv(poisonedSeries.history, origin)).toBe(trainingCsv(series.history, origin));
    expect(trainingCsv(series.history, origin).trim().split('\n')).toHaveLength(1 + 30 * 24);
  });

  test('folds are whole weeks that end with the data, the newest last', () => {
    const folds = foldsBefore(START + 40 * DAY_MS + 5 * HOUR, 3);
    expect(folds.map(({ cutoff }) => (cutoff - START) / DAY_MS)).toEqual([19, 26, 33]);
    expect(folds[2]?.origins.map((at) => (at - START) / DAY_MS)).toEqual([33, 34, 35, 36, 37, 38, 39]);
  });

  test('too little read before or after an origin is no example', () => {
    const holes = (from: number, to: number) => values.map((value, hour) => (hour >= from && hour < to ? null : value));
    const with_ = (holed: (number | null)[]) =>
      exampleAt({ ...series, history: { ...series.history, values: holed } }, origin);
    expect(with_(holes(30 * 24, 30 * 24 + 6))).toBeUndefined();
    expect(with_(holes(30 * 24, 30 * 24 + 4))).toBeDefined();
    expect(with_(holes(0, 30 * 24))).toBeUndefined();
  });
});

describe('an entity’s history', () => {
  const day = (number: number, present: number, wh: number) => {
    const summary = emptySummary({ channel: 1, intervalMinutes: 720, day: number });
    summary.present.fill(present);
    summary.sumWh.fill(wh);
    return summary;
  };

  test('a sum that lacks more than a tenth of the week’s meters is unknown, not low', () => {
    const days = [day(0, 10, 1000), day(1, 9, 900), day(2, 8, 800), day(3, 10, 1000)];
    expect(historyOf(days, { fromDay: 0, toDay: 5 })).toEqual({
      start: 0,
      intervalMinutes: 720,
      values: [1, 1, 0.9, 0.9, null, null, 1, 1, null, null],
    });
  });

  test('meters that joined later do not make the time before unknown', () => {
    const days = [day(0, 5, 500), day(10, 10, 1000)];
    expect(historyOf(days, { fromDay: 0, toDay: 11 })?.values.filter((value) => value !== null)).toEqual([
      0.5, 0.5, 1, 1,
    ]);
    expect(historyOf([], { fromDay: 0, toDay: 3 })).toBeUndefined();
  });
});

const intervals = (points: readonly number[], width = 1): ForecastInterval[] =>
  points.map((point, index) => ({
    start: new Date(START + index * HOUR).toISOString(),
    end: new Date(START + (index + 1) * HOUR).toISOString(),
    point,
    quantiles: [
      { level: 0.1, value: Math.max(0, point - width) },
      { level: 0.9, value: point + width },
    ],
  }));

describe('parts', () => {
  const system = { kind: 'system', id: 'system' } as const;
  const feeder = (id: string) => ({ kind: 'feeder', id }) as const;
  const whole: Part = { entity: system, parent: undefined, intervals: intervals([10]) };

  test('what is missing is shared by the width of the bands', () => {
    const parts = [
      whole,
      { entity: feeder('A'), parent: system, intervals: intervals([4], 1) },
      { entity: feeder('B'), parent: system, intervals: intervals([3], 2) },
    ];
    const settled = addUp(parts);
    // 10 − 7 = 3, shared 1 : 2 as the bands are 2 and 4 wide.
    expect(settled.get('feeder/A')?.[0]).toMatchObject({ point: 5, quantiles: [{ value: 4 }, { value: 6 }] });
    expect(settled.get('feeder/B')?.[0]).toMatchObject({ point: 5, quantiles: [{ value: 3 }, { value: 7 }] });
    expect(settled.get('system/system')).toEqual(whole.intervals);
  });

  test('add up to their whole at every level, and none becomes negative', () => {
    const amount = fc.double({ min: 0, max: 100, noNaN: true });
    const generated = fc.record({
      total: amount,
      feeders: fc.array(fc.tuple(amount, amount, fc.array(amount, { maxLength: 4 })), { minLength: 1, maxLength: 4 }),
    });
    fc.assert(
      fc.property(generated, ({ total, feeders }) => {
        const parts: Part[] = [{ ...whole, intervals: intervals([total]) }];
        feeders.forEach(([point, width, below], at) => {
          parts.push({ entity: feeder(`F${at}`), parent: system, intervals: intervals([point], width) });
          below.forEach((value, n) => {
            parts.push({
              entity: { kind: 'transformer', id: `F${at}T${n}` },
              parent: feeder(`F${at}`),
              intervals: intervals([value]),
            });
          });
        });
        const settled = addUp(parts);
        const pointOf = (key: string) => settled.get(key)?.[0]?.point ?? Number.NaN;
        const sum = (keys: readonly string[]) => keys.reduce((all, key) => all + pointOf(key), 0);
        expect(sum(feeders.map((_, at) => `feeder/F${at}`))).toBeCloseTo(total, 6);
        feeders.forEach(([, , below], at) => {
          if (below.length > 0)
            expect(sum(below.map((_, n) => `transformer/F${at}T${n}`))).toBeCloseTo(pointOf(`feeder/F${at}`), 6);
        });
        for (const [interval] of settled.values()) {
          expect(interval?.point).toBeGreaterThanOrEqual(-1e-9);
          expect(interval?.quantiles[1]?.value).toBeGreaterThanOrEqual(interval?.quantiles[0]?.value ?? Number.NaN);
        }
      }),
    );
  });
});

describe('without a model', () => {
  const request = (values: (number | null)[]) => ({
    entity: { kind: 'meter', id: 'm001' } as const,
    issuedAt: new Date(START + 15 * DAY_MS).toISOString(),
    intervalMinutes: 60,
    history: { start: new Date(START).toISOString(), values },
    timeZone: 'Australia/Sydney',
    horizonHours: 48,
    quantiles: [0.1, 0.5, 0.9],
  });

  test('the same slot of past weeks answers, labelled, by the contract', () => {
    const asked = request(Array.from({ length: 15 * 24 }, (_, hour) => hour));
    const answer = checkedForecast(asked, seasonalFallback(asked, 'model-failed'));
    expect(answer).toMatchObject({ fallback: 'model-failed', modelVersion: 'none' });
    // The first hour is hour 0 of day 15; the same hour was 192 on day 8 and 24 on day 1.
    expect(answer.intervals[0]?.point).toBe((8 * 24 + 24) / 2);
  });

  test('one day of history, an always-zero meter, and none at all', () => {
    const day = request([...Array.from({ length: 14 * 24 }, () => null), ...Array.from({ length: 24 }, () => 3)]);
    expect(checkedForecast(day, seasonalFallback(day, 'x')).intervals.every(({ point }) => point === 3)).toBe(true);
    const zero = request(Array.from({ length: 15 * 24 }, () => 0));
    expect(checkedForecast(zero, seasonalFallback(zero, 'x')).intervals.every(({ point }) => point === 0)).toBe(true);
    expect(seasonalFallback(request([null, null]), 'x')).toBeUndefined();
  });
});

describe('how forecasts turned out', () => {
  test('errors over what was read; too little read is no outcome', () => {
    const actual = { start: START, intervalMinutes: 60, values: [10, 12, null, 10, 10] };
    const forecast = { intervalMinutes: 60, intervals: intervals([10, 10, 10, 13, 10], 2) };
    // Errors 0, 2, 3, 0; the third hour unread; 13 ± 2 does not hold 10.
    expect(outcomeOf(forecast, actual)).toMatchObject({ error: 1.25, coverage: 0.75, intervals: 4, scale: 10.5 });
    expect(outcomeOf(forecast, { ...actual, values: [10, null, null, 10, 10] })).toBeUndefined();
  });

  test('drift is a week clearly worse than the four before, with enough to compare', () => {
    const now = START + 60 * DAY_MS;
    const outcomes = (recent: number) =>
      Array.from({ length: 35 * 4 }, (_, n) => {
        const issuedAt = now - (n / 4) * DAY_MS;
        const error = issuedAt >= now - 7 * DAY_MS ? recent : 1;
        return { issuedAt, outcome: { error, pinball: 1, coverage: 0.8, intervals: 48, scale: 10 } };
      });
    expect(drift(outcomes(1.2), now).drifting).toBe(false);
    expect(drift(outcomes(1.3), now)).toMatchObject({ drifting: true, recent: expect.closeTo(0.13, 9), baseline: 0.1 });
    expect(drift(outcomes(5).slice(0, 25), now)).toMatchObject({ drifting: false, baseline: null });
  });
});

test('the best candidate was measured on every fold; failed and unmeasured ones do not count', () => {
  const run = (name: string, fold: number, error: number, over: Partial<ModelRun> = {}): ModelRun => ({
    model: 'forecast',
    runId: `${name}${fold}`,
    planId: 'p',
    kind: 'backtest',
    plannedRuns: null,
    fold,
    status: 'completed',
    hyperparameters: { name },
    dataVersion: 'd',
    trainedOn: null,
    metrics: { error, pinball: error / 2 },
    artefact: 's3://b/a',
    startedAt: '2026-01-01T00:00:00.000Z',
    trainingSeconds: 1,
    failure: null,
    packageArn: null,
    decision: null,
    promotedAt: null,
    ...over,
  });
  const metrics = ['error', 'pinball'];
  const runs = [
    run('a', 0, 3),
    run('a', 1, 3),
    run('b', 0, 1),
    run('b', 1, 4),
    run('c', 0, 0.1),
    run('d', 0, 0.1),
    run('d', 1, 0.1, { status: 'failed' }),
  ];
  expect(bestCandidate({ runs, folds: 2, metrics })).toEqual({ name: 'b' });
  expect(bestCandidate({ runs: runs.slice(4), folds: 2, metrics })).toBeUndefined();
  expect(bestCandidate({ runs: [run('e', 0, 1, { metrics: { error: 1 } })], folds: 1, metrics })).toBeUndefined();
});
