import { csvOf } from '../../../web/src/app/csv.ts';
import { against, energy, percent, said, threeDigits } from '../../../web/src/app/numbers.ts';
import { typicalDay } from '../../../web/src/app/typical.ts';
import { nominalPhaseV, voltageLimits } from '../../../web/src/app/voltage.ts';

test('three significant digits, units by size', () => {
  expect([0, 0.0412, 3.071, 42.64, 1234.4].map(threeDigits)).toEqual(['0', '0.0412', '3.07', '42.6', '1 234']);
  expect(said(energy(1234))).toBe('1.23 MWh');
  expect(said(energy(12.3))).toBe('12.3 kWh');
});

test('what is not complete is never said to be 100 %', () => {
  expect(percent(0.9999)).toBe('99.9 %');
  expect(percent(1)).toBe('100 %');
});

test('a comparison names its direction', () => {
  expect(against(112, 100)).toBe('+12 %');
  expect(against(96, 100)).toBe('−4 %');
  expect(against(100.4, 100)).toBe('as usual');
});

test('CSV quotes, leaves gaps empty and disarms formulas', () => {
  expect(
    csvOf({
      columns: ['a', 'b'],
      rows: [
        ['x,"y"', null],
        ['=1+1', -2],
      ],
    }),
  ).toBe('a,b\r\n"x,""y""",\r\n\'=1+1,-2\r\n');
});

test('the typical day leaves out hours that lack too much or are seen too seldom, and scales those that lack a little', () => {
  const hour = (day: number, value: number | null, intervalsPresent = 2) => ({
    start: `2013-01-${String(day).padStart(2, '0')}T01:00:00.000Z`,
    value,
    intervalsExpected: 2,
    intervalsPresent,
  });
  // 4 and 7 to 11 January 2013 are working days, 12 is a Saturday.
  const days = [hour(7, 10), hour(8, 20), hour(9, 30), hour(10, 40), hour(11, 1, 1), hour(4, 45, 1.8), hour(12, 99)];
  const typical = typicalDay(days, 'Australia/Sydney');
  expect(typical(Date.parse('2013-01-14T01:15:00Z'))).toEqual({ low: 14, median: 30, high: 46, days: 5 });
  expect(typical(Date.parse('2013-01-13T01:00:00Z'))).toBeUndefined();
});

test('limits are those of phase to neutral', () => {
  expect(nominalPhaseV(400, 238)).toBeCloseTo(230.9, 1);
  expect(nominalPhaseV(230, 238)).toBe(230);
  expect(voltageLimits(230).map((limit) => Math.round(limit.at))).toEqual([253, 216]);
  expect(voltageLimits(6351).map((limit) => limit.label)).toEqual(['+10 %, 6986 V', '−10 %, 5716 V']);
});
