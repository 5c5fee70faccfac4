import * as fc from 'fast-check';
import { reconcile } from '../../../layers/domain/forecasting/reconcile.ts';

const hierarchy = {
  leaves: ['F1', 'F2'],
  entities: [
    { id: 'system', leaves: [0, 1] },
    { id: 'F1', leaves: [0] },
    { id: 'F2', leaves: [1] },
  ],
};

test('equal variances share what is missing equally', () => {
  // Least squares by hand: x + y = 13, x = 4, y = 6 leave 3 over, a third of it to each: x = 5, y = 7, sum 12.
  expect(
    [...reconcile(hierarchy, Float64Array.of(13, 4, 6), Float64Array.of(1, 1, 1))].map((one) => Number(one.toFixed(9))),
  ).toEqual([12, 5, 7]);
});

test('a sure part keeps its forecast', () => {
  const [system, f1, f2] = reconcile(hierarchy, Float64Array.of(13, 4, 6), Float64Array.of(1, 1e-9, 1));
  expect(f1).toBeCloseTo(4, 6);
  expect(f2).toBeCloseTo(7.5, 6);
  expect(system).toBeCloseTo(11.5, 6);
});

test('the others decide where a forecast is missing', () => {
  expect(
    [...reconcile(hierarchy, Float64Array.of(13, 4, Number.NaN), Float64Array.of(1, 1, 1))].map(Math.round),
  ).toEqual([13, 4, 9]);
  expect(() => reconcile(hierarchy, Float64Array.of(13, Number.NaN, Number.NaN), Float64Array.of(1, 1, 1))).toThrow(
    /how much F2/,
  );
});

test('parts always add up, and forecasts that did are left as they are', () => {
  const number = fc.double({ min: 0, max: 1e6, noNaN: true });
  const variance = fc.double({ min: 0.01, max: 100, noNaN: true });
  fc.assert(
    fc.property(number, number, number, fc.tuple(variance, variance, variance), (whole, a, b, variances) => {
      const [system = 0, f1 = 0, f2 = 0] = reconcile(
        hierarchy,
        Float64Array.of(whole, a, b),
        Float64Array.from(variances),
      );
      const kept = reconcile(hierarchy, Float64Array.of(a + b, a, b), Float64Array.from(variances));
      return (
        Math.abs(system - f1 - f2) <= 1e-6 * (1 + whole + a + b) &&
        Math.abs((kept[1] as number) - a) <= 1e-6 * (1 + a + b)
      );
    }),
  );
});
