import { analogDays } from '../../../layers/domain/forecasting/analog-days.ts';
import { toGrid } from '../../../layers/domain/forecasting/load-grid.ts';
import { addRow, fade, ridgeSums, solveRidge } from '../../../models/forecast/linear/ridge.ts';

const fitted = (rows: readonly [number, number][], penalty: number, share = 1) => {
  const sums = ridgeSums(2);
  for (const [x, y] of rows) {
    fade(sums, share);
    addRow(sums, Float64Array.of(1, x), y);
  }
  const coefficients = new Float64Array(2);
  solveRidge(sums, penalty, coefficients, new Float64Array(6));
  return coefficients;
};

test('without a penalty a line is found', () => {
  const [constant, slope] = fitted(
    [
      [0, 1],
      [1, 3],
      [2, 5],
    ],
    0,
  );
  expect(constant).toBeCloseTo(1, 5);
  expect(slope).toBeCloseTo(2, 5);
});

test('a penalty draws the slope towards 0, not the constant', () => {
  // x = -1, 0, 1: Σx² = 3 · Var = 2, so 3 rows of penalty add 3 · 2/3 = 2 and halve the slope of 2.
  const [constant, slope] = fitted(
    [
      [-1, 3],
      [0, 5],
      [1, 7],
    ],
    3,
  );
  expect(constant).toBeCloseTo(5, 5);
  expect(slope).toBeCloseTo(1, 5);
});

test('older rows count less', () => {
  // Means of 0 and 8 with weights ½ and 1.
  const sums = ridgeSums(1);
  addRow(sums, Float64Array.of(1), 0);
  fade(sums, 0.5);
  addRow(sums, Float64Array.of(1), 8);
  const coefficients = new Float64Array(1);
  solveRidge(sums, 0, coefficients, new Float64Array(2));
  expect(coefficients[0]).toBeCloseTo(16 / 3, 5);
});

test('a feast day of the year before is known by its date and by its weekday, once it is over', () => {
  const day = 86_400_000;
  const start = Date.UTC(2021, 0, 1);
  const christmas = (time: number) => new Date(time).getUTCMonth() === 11 && new Date(time).getUTCDate() === 25;
  const thanksgiving = (time: number) => new Date(time).toISOString().startsWith('2021-11-25');
  const values = Float64Array.from({ length: 700 * 24 }, (_, hour) => {
    const time = start + hour * 3_600_000;
    return christmas(time) || thanksgiving(time) ? 50 : 100;
  });
  const grid = toGrid({ start, stepMs: 3_600_000, values }, { offset: () => 0, days: 30, isHoliday: () => false });
  const dayOf = (date: string) => (Date.parse(date) - start) / day;
  const analog = analogDays(grid);
  expect(analog(dayOf('2022-12-25'), dayOf('2022-11-01')).date).toBeCloseTo(-0.5, 6);
  // The last Thursday of November: the 25th in 2021, the 24th in 2022.
  expect(analog(dayOf('2022-11-24'), dayOf('2022-11-01')).weekday).toBeCloseTo(-0.5, 6);
  expect(analog(dayOf('2022-11-24'), dayOf('2022-11-01')).date).toBeCloseTo(0, 6);
  // What lies less than the two weeks around it back is not known yet.
  expect(analog(dayOf('2022-12-25'), dayOf('2022-01-05')).date).toBeNaN();
});
