import * as fc from 'fast-check';
import { recentQuantiles } from '../../../layers/domain/forecasting/recent-quantiles.ts';

const never = () => false;

test('of days that are alike, newer ones count more', () => {
  // Loads 1 … 42, the newest 42; the weight of the newest k days of a half-life of ten is 1 - 0.5^(k/10) of all, and half of all 42 days' weight
  // (1 - 0.5^4.2 = 0.9456) is reached from the newest end after 9.23 days: the tenth newest, 33, is the median.
  const values = Float64Array.from({ length: 43 }, (_, day) => day + 1);
  const quantiles = recentQuantiles({ values, slotsPerDay: 1, isOff: never })(42, 42);
  expect(quantiles[1]).toBe(33);
});

test('a day of the other kind counts half', () => {
  // The day before is off and holds 9 (weight 1/2), the one before it works and holds 5 (weight 0.93): the median of a working day is 5.
  const values = Float64Array.of(5, 9, Number.NaN);
  expect(recentQuantiles({ values, slotsPerDay: 1, isOff: (day) => day === 1 })(2, 2)[1]).toBe(5);
  expect(recentQuantiles({ values, slotsPerDay: 1, isOff: never })(2, 2)[1]).toBe(9);
});

test('half-hours look to either side, but not beyond the origin', () => {
  const values = new Float64Array(96).fill(Number.NaN);
  values.set([1, 2, 3], 9);
  const quantiles = recentQuantiles({ values, slotsPerDay: 48, isOff: never });
  expect([...quantiles(48 + 10, 48)]).toEqual([1, 2, 3]);
  expect([...quantiles(48 + 10, 11)]).toEqual([1, 2, 2]);
});

test('nothing known gives nothing', () => {
  const quantiles = recentQuantiles({ values: new Float64Array(96).fill(Number.NaN), slotsPerDay: 24, isOff: never });
  expect([...quantiles(80, 72)]).toEqual([Number.NaN, Number.NaN, Number.NaN]);
});

test('what stands at or after the origin changes nothing, and the quantiles ascend', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: -10, max: 10, noNaN: true }), { minLength: 200, maxLength: 200 }),
      fc.integer({ min: 100, max: 150 }),
      fc.integer({ min: 0, max: 47 }),
      (numbers, origin, ahead) => {
        const values = Float64Array.from(numbers);
        const poisoned = values.map((value, slot) => (slot < origin ? value : 1e9));
        const of = (array: Float64Array) => [
          ...recentQuantiles({ values: array, slotsPerDay: 48, isOff: (day) => day % 7 > 4 })(origin + ahead, origin),
        ];
        const found = of(values) as [number, number, number];
        expect(of(poisoned)).toEqual(found);
        expect(found[0]).toBeLessThanOrEqual(found[1]);
        expect(found[1]).toBeLessThanOrEqual(found[2]);
      },
    ),
  );
});
