import fc from 'fast-check';
import { DaySummaries } from '../../../layers/domain/windows/day-summary.ts';
import { expectedIntervals } from '../../../layers/domain/windows/expected-intervals.ts';
import { windowPeriods } from '../../../layers/domain/windows/window-periods.ts';
import { windowTotals } from '../../../layers/domain/windows/window-totals.ts';
import { dayOfReadings } from '../../harness/day-of-readings.ts';

const DAY = 15_613;
const START = DAY * 86_400_000;
const HOUR = 3_600_000;
const LATER = START + 100 * 24 * HOUR;

const summaries = (meters: readonly { intervalMinutes: number; wh: readonly number[] }[]) => {
  const sum = new DaySummaries();
  for (const [meterNo, { intervalMinutes, wh }] of meters.entries()) {
    const readings = wh.map((energyWh, slot) => ({ slot, energyWh }));
    sum.addMeterDay(dayOfReadings({ meterNo, day: DAY, intervalMinutes }, readings), [{ from: 0, to: null }]);
  }
  return sum.list();
};

// A meter of half hours: 1000, 500 Wh = 2, 1 kW. A meter of quarter hours: 100, 200, 0 Wh = 0.4, 0.8, 0 kW, the last one missing.
// No meter has more than 1500 Wh of the hour, nor more than 1000 of the 1300 Wh of the half hour of the peak.
// Energy 1800 Wh over 2 x 0.5 h + 3 x 0.25 h = 1.75 h of measurement: mean 1800 / 1.75 W. Together per half hour: 1300, 500 Wh = 2.6, 1 kW.
test('sum, mean, extremes and peak of meters of two interval lengths', () => {
  const [hour] = windowTotals({
    periods: [{ start: START, end: START + HOUR }],
    summaries: summaries([
      { intervalMinutes: 30, wh: [1000, 500] },
      { intervalMinutes: 15, wh: [100, 200, 0] },
    ]),
    groups: [
      { from: 0, to: null, intervalMinutes: 30, meters: 1 },
      { from: 0, to: null, intervalMinutes: 15, meters: 1 },
    ],
    now: LATER,
  });
  expect(hour).toEqual({
    start: START,
    end: START + HOUR,
    energyWh: 1800,
    intervalsExpected: 6,
    intervalsPresent: 5,
    intervalsEstimated: 0,
    metersExpected: 2,
    metersPresent: 2,
    mostOfOneWh: 1500,
    meanW: 1800 / 1.75,
    leastW: 0,
    mostW: 2000,
    peakW: 2600,
    peakOf: { energyWh: 1300, metersPresent: 2, mostOfOneWh: 1000 },
  });
});

// By the half hour the greatest are 900 + 800 Wh of two meters; over the day neither has more than 900 + 100.
test('what one meter has of a whole day is exact, of a part of it no less than it has', () => {
  const day = summaries([
    { intervalMinutes: 30, wh: [900, 100] },
    { intervalMinutes: 30, wh: [50, 800] },
  ]);
  const most = (start: number, end: number) =>
    windowTotals({ periods: [{ start, end }], summaries: day, groups: [], now: LATER })[0]?.mostOfOneWh;
  expect(most(START, START + 24 * HOUR)).toBe(1000);
  expect(most(START, START + HOUR / 2)).toBe(900);
  expect(most(START + HOUR / 2, START + HOUR)).toBe(800);
});

test('nothing measured is null, never zero', () => {
  const [hour] = windowTotals({
    periods: [{ start: START, end: START + HOUR }],
    summaries: [],
    groups: [],
    now: LATER,
  });
  expect(hour).toMatchObject({ meanW: null, leastW: null, mostW: null, peakW: null, intervalsPresent: 0 });
});

test('expected intervals equal a count one by one, whatever the services', () => {
  const QUARTER = 900_000;
  fc.assert(
    fc.property(
      fc.array(
        fc.record({
          from: fc.integer({ min: -20, max: 120 }),
          length: fc.option(fc.integer({ min: 1, max: 60 })),
          intervalMinutes: fc.constantFrom(15, 30, 60),
          meters: fc.integer({ min: 1, max: 5 }),
        }),
        { maxLength: 6 },
      ),
      fc.integer({ min: 1, max: 100 }),
      fc.integer({ min: 0, max: 130 }),
      fc.integer({ min: 0, max: 1 }),
      (spans, length, nowAt, odd) => {
        const at = (quarter: number) => START + quarter * QUARTER + odd * 60_000;
        const groups = spans.map(({ length: of, from, ...rest }) => ({
          ...rest,
          from: at(from),
          to: of === null ? null : at(from + of),
        }));
        const periods = [
          { start: START, end: START + length * QUARTER },
          { start: START + length * QUARTER, end: START + 100 * QUARTER + QUARTER },
        ];
        const now = at(nowAt);
        const counted = periods.map(({ start, end }) => {
          let intervals = 0;
          for (const { from, to, intervalMinutes, meters } of groups) {
            for (let time = START; time < end; time += intervalMinutes * 60_000) {
              const owed = time >= start && time + intervalMinutes * 60_000 <= now;
              if (owed && time >= from && (to === null || time < to)) intervals += meters;
            }
          }
          return intervals;
        });
        expect(expectedIntervals({ periods, groups, now }).map(({ intervals }) => intervals)).toEqual(counted);
      },
    ),
    { numRuns: 200, seed: 7 },
  );
});

describe('periods of windows', () => {
  const at = (text: string) => Date.parse(text);

  test.each([
    ['2012-10-07', '2012-10-07T00:00:00+10:00', '2012-10-08T00:00:00+11:00', 23],
    ['2013-04-07', '2013-04-07T00:00:00+11:00', '2013-04-08T00:00:00+10:00', 25],
  ])('the local day %s of Sydney is whole, whichever hour of it is asked for', (_, start, end, hours) => {
    const day = { start: at(start), end: at(end) };
    expect((day.end - day.start) / HOUR).toBe(hours);
    for (const hour of [0, 1, hours - 1]) {
      const from = day.start + hour * HOUR;
      expect(windowPeriods({ from, to: from + HOUR, size: '1d', timeZone: 'Australia/Sydney' })).toEqual([day]);
    }
  });

  test('hours begin on the half where the zone does, quarters and minutes on multiples', () => {
    const range = { from: START + 1, to: START + HOUR, timeZone: 'Asia/Kolkata' };
    expect(windowPeriods({ ...range, size: '1h' }).map(({ start }) => start)).toEqual([
      START - HOUR / 2,
      START + HOUR / 2,
    ]);
    expect(windowPeriods({ ...range, size: '15m' }).map(({ start }) => (start - START) / 900_000)).toEqual([
      0, 1, 2, 3,
    ]);
    expect(windowPeriods({ ...range, size: '1m' })).toHaveLength(60);
  });
});
