import { forecastCurves } from '../../../web/src/app/forecasts.ts';

const at = (clock: string): string => `2026-03-04T${clock}:00.000Z`;
const interval = (start: string, end: string, point: number) => ({
  start: at(start),
  end: at(end),
  point,
  quantiles: [
    { level: 0.9, value: point + 1 },
    { level: 0.1, value: point - 1 },
    { level: 0.5, value: point },
  ],
});

test('a forecast on its own intervals as power, against whole hours of what came and what was said before', () => {
  const forecast = {
    entity: 'feeder',
    id: 'F01',
    unit: 'kWh',
    intervalMinutes: 30,
    intervals: [interval('11:00', '11:30', 4), interval('11:30', '12:00', 5)],
    previous: { intervals: [{ start: at('10:30'), end: at('11:00'), point: 3 }] },
  } as unknown as Parameters<typeof forecastCurves>[0];
  const hours = [
    { start: at('09:00'), value: 7, intervalsExpected: 20, intervalsPresent: 20 },
    { start: at('10:00'), value: 6, intervalsExpected: 20, intervalsPresent: 16 },
    { start: at('11:00'), value: 1, intervalsExpected: 20, intervalsPresent: 15 },
  ];
  const curves = forecastCurves(forecast, hours, { from: Date.parse(at('09:00')), now: Date.parse(at('12:00')) });
  expect(curves.times.map((time) => new Date(time).toISOString().slice(11, 16))).toEqual([
    '09:00',
    '09:30',
    '10:00',
    '10:30',
    '11:00',
    '11:30',
  ]);
  // 7 kWh in an hour is 7 kW; 6 kWh from four meters in five stand for 7.5; with fewer nothing is said.
  expect(curves.actual).toEqual([7, 7, 7.5, 7.5, null, null]);
  // At half past ten the hour has all that is due of it, and is still no whole hour.
  const earlier = forecastCurves(forecast, hours, { from: Date.parse(at('09:00')), now: Date.parse(at('10:30')) });
  expect(earlier.actual).toEqual([7, 7, null, null, null, null]);
  // 4 kWh in half an hour is 8 kW.
  expect(curves.point).toEqual([null, null, null, null, 8, 10]);
  expect(curves.low).toEqual([null, null, null, null, 6, 8]);
  expect(curves.high).toEqual([null, null, null, null, 10, 12]);
  expect(curves.previous).toEqual([null, null, null, 6, null, null]);
});
