import { loadFeatures } from '../../../layers/domain/forecasting/load-features.ts';
import { toGrid } from '../../../layers/domain/forecasting/load-grid.ts';
import {
  expected,
  fitSmoothing,
  predictSmoothing,
  type SeasonalState,
  smooth,
} from '../../../models/forecast/classical/double-seasonal.ts';
import {
  predictAutoregression,
  seasonalAutoregression,
} from '../../../models/forecast/classical/seasonal-autoregression.ts';
import { seededRandom } from '../../../models/forecast/trees/seeded-random.ts';

const NUMBERS = Float64Array.of(12, 15, 9, 20, 13, 17, 10, 22, 15, 16, 12, 25, 13, 19, 11, 24);
const HOUR_MS = 3_600_000;

const featuresOf = (values: Float64Array) =>
  loadFeatures(
    toGrid({ start: 0, stepMs: HOUR_MS, values }, { offset: () => 0, days: 3, isHoliday: () => false }),
    'none',
  );

test('smoothing with one season is that of statsmodels', () => {
  // statsmodels 0.15: ETSModel(y, error='add', seasonal='add', seasonal_periods=4, initialization_method='known', initial_level=14,
  // initial_seasonal=[-2, 1, -4, 5]).smooth([0.3, 0.2]).forecast(6)
  const state: SeasonalState = { level: 14, day: Float64Array.of(-2, 1, -4, 5), week: new Float64Array(8), error: 0 };
  const surprise = smooth(state, NUMBERS, { level: 0.3, day: 0.2, week: 0, carry: 0 }, 0);
  expect(surprise).toBeCloseTo(1.3549833504920188, 10);
  const wanted = [14.6474454, 18.08314288, 12.16616174, 23.29645983, 14.6474454, 18.08314288];
  for (const [ahead, one] of wanted.entries()) expect(expected(state, NUMBERS.length, ahead, 0)).toBeCloseTo(one, 7);
});

test('smoothing with two seasons and a carry is its state-space form', () => {
  // x = (l, d₁ d₂, w₁ … w₄, e), y = H x, x ← F x + g ε with matrices that turn the seasons, in numpy; independent of the code.
  const state: SeasonalState = {
    level: 14,
    day: Float64Array.of(-1, 1),
    week: Float64Array.of(-1, 0, -3, 4),
    error: 0.5,
  };
  const carry = 0.6;
  const surprise = smooth(state, NUMBERS, { level: 0.2, day: 0.15, week: 0.25, carry }, 0);
  expect(surprise).toBeCloseTo(1.681256554032382, 10);
  const wanted = [13.0161476041, 18.7203640232, 10.6691498097, 23.8566763878, 12.4149658705, 18.359654983];
  for (const [ahead, one] of wanted.entries()) {
    expect(expected(state, NUMBERS.length, ahead, carry)).toBeCloseTo(one, 9);
  }
});

test('a missing number leaves level and seasons as they are', () => {
  const state: SeasonalState = { level: 5, day: Float64Array.of(1, -1), week: new Float64Array(4), error: 2 };
  smooth(state, Float64Array.of(Number.NaN, Number.NaN), { level: 0.5, day: 0.5, week: 0.5, carry: 0.5 }, 0);
  expect(state).toEqual({ level: 5, day: Float64Array.of(1, -1), week: new Float64Array(4), error: 0.5 });
});

test('a weekly load is forecast by the smoothing as it goes on', () => {
  const values = Float64Array.from({ length: 56 * 24 }, (_, hour) => 50 + (hour % 24) + ((hour / 24) % 7 < 5 ? 20 : 0));
  const features = featuresOf(values.subarray(0, 54 * 24));
  const origin = 54 * 24;
  const parameters = fitSmoothing(features, origin) as Float64Array;
  const out = new Float32Array(48);
  predictSmoothing(parameters, features, origin, { steps: 48, out, to: 0, stride: 1 });
  for (const [step, one] of out.entries()) {
    expect(one * features.level(origin)).toBeCloseTo(values[origin + step] as number, 0);
  }
});

test('less than fifteen days are not smoothed', () => {
  expect(fitSmoothing(featuresOf(new Float64Array(14 * 24).fill(3)), 14 * 24)).toBeUndefined();
});

describe.each([false, true])('the autoregression (of logarithms: %s)', (log) => {
  // x(t) = c + 0.4 x(t-1) + 0.5 x(t-24): what comes is known but for noise that ends with the history.
  const random = seededRandom(3);
  const history = 40 * 24;
  const course = new Float64Array(history + 48);
  for (let hour = 0; hour < course.length; hour++) {
    const noise = hour < history ? 0.2 * (random() - 0.5) : 0;
    course[hour] =
      hour < 24
        ? 1 + 0.1 * hour
        : 0.2 + 0.4 * (course[hour - 1] as number) + 0.5 * (course[hour - 24] as number) + noise;
  }
  const values = log ? course.map(Math.exp) : course;

  test('finds the equation that made a load', () => {
    const features = featuresOf(values.subarray(0, history));
    const options = { log, penalty: 0 };
    const learner = seasonalAutoregression(options);
    for (let day = 8; day <= 40; day++) learner.learnDay(features, day * 24);
    const out = new Float32Array(48);
    predictAutoregression(options, learner.coefficients, features, history, { steps: 48, out, to: 0, stride: 1 });
    for (const [step, one] of out.entries()) {
      const actual = values[history + step] as number;
      expect(Math.abs(one * features.level(history) - actual) / actual).toBeLessThan(0.06);
    }
  });

  test('writes nothing before it has learned', () => {
    const features = featuresOf(values.subarray(0, history));
    const learner = seasonalAutoregression({ log, penalty: 0.3 });
    const out = new Float32Array(4).fill(Number.NaN);
    predictAutoregression({ log }, learner.coefficients, features, history, { steps: 4, out, to: 0, stride: 1 });
    expect([...out]).toEqual([Number.NaN, Number.NaN, Number.NaN, Number.NaN]);
  });
});
