import * as fc from 'fast-check';
import { recentQuantiles } from '../../../layers/domain/forecasting/recent-quantiles.ts';

const never = () => false;
const level = () => 1;

test('of days that are alike, newer ones count more', () => {
  // Mornings 1 … 42, the newest 42, and evenings that make up for them. Of the newest 35 days the newest k weigh 1 - 0.5^(k/10) of all; half of
  // the weight of all 35 (1 - 0.5^3.5 = 0.9116) is reached from the newest end after 8.79 days: the ninth newest, 34, is the median.
  const values = Float64Array.from({ length: 86 }, (_, slot) => (slot % 2 === 0 ? slot / 2 + 1 : 100 - (slot - 1) / 2));
  const quantiles = recentQuantiles({ values, slotsPerDay: 2, isOff: never, level })(84, 84);
  expect(quantiles[1]).toBe(34);
});

test('a day of the other kind counts less', () => {
  // The day before is off and holds 9 (weight 0.4), the one before it works and holds 5 (weight 0.93): the median of a working day is 5.
  const values = Float64Array.of(5, 9, 9, 5, Number.NaN, Number.NaN);
  expect(recentQuantiles({ values, slotsPerDay: 2, isOff: (day) => day === 1, level })(4, 4)[1]).toBe(5);
  expect(recentQuantiles({ values, slotsPerDay: 2, isOff: never, level })(4, 4)[1]).toBe(9);
});

test('days count that came after a day like the one before the origin', () => {
  // Weeks at home (8) and away (1) in turn, then two days of coming back: yesterday says at home, though most days of late were away.
  const at = (day: number) => (day % 14 < 7 ? 8 : 1);
  const values = Float64Array.from({ length: 2 * 31 }, (_, slot) =>
    slot < 2 * 30 ? at(Math.floor(slot / 2)) : Number.NaN,
  );
  const quantiles = recentQuantiles({ values, slotsPerDay: 2, isOff: never, level });
  // Day 30 is the third at home after a week away: of its 28 days, those that followed a day at home were mostly at home.
  expect(quantiles(60, 60)[1]).toBe(8);
  // Day 22 is the second away after a week at home.
  expect(quantiles(44, 44)[1]).toBe(1);
});

test('half-hours look an hour to either side, but not beyond the origin', () => {
  const values = new Float64Array(96).fill(Number.NaN);
  values.set([1, 2, 3], 9);
  const quantiles = recentQuantiles({ values, slotsPerDay: 48, isOff: never, level });
  // Weights 0.6, 1 and 0.6; seen from slot 8, the last is two away.
  expect([...quantiles(48 + 10, 48)]).toEqual([1, 2, 3]);
  expect([...quantiles(48 + 10, 11)]).toEqual([1, 2, 2]);
  expect([...quantiles(48 + 8, 48)]).toEqual([1, 1, 2]);
});

test('hours look an hour, quarters half an hour and an hour to either side', () => {
  const of = (slotsPerDay: number) => {
    const values = Float64Array.from({ length: 2 * slotsPerDay }, (_, slot) =>
      slot < slotsPerDay ? slot : Number.NaN,
    );
    return [...recentQuantiles({ values, slotsPerDay, isOff: never, level })(slotsPerDay + 12, slotsPerDay)];
  };
  expect(of(24)).toEqual([11, 12, 13]);
  expect(of(96)).toEqual([8, 12, 16]);
});

test('nothing known gives nothing', () => {
  const quantiles = recentQuantiles({
    values: new Float64Array(96).fill(Number.NaN),
    slotsPerDay: 24,
    isOff: never,
    level,
  });
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
          ...recentQuantiles({ values: array, slotsPerDay: 48, isOff: (day) => day % 7 > 4, level })(
            origin + ahead,
            origin,
          ),
        ];
        const found = of(values) as [number, number, number];
        expect(of(poisoned)).toEqual(found);
        expect(found[0]).toBeLessThanOrEqual(found[1]);
        expect(found[1]).toBeLessThanOrEqual(found[2]);
      },
    ),
  );
});
