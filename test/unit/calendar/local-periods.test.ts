import fc from 'fast-check';
import { localPeriods } from '../../../layers/domain/calendar/local-periods.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const at = (text: string) => Date.parse(text);

/** Local calendar text of an instant, straight from Intl: the oracle knows nothing of offsets or boundaries. */
const label = (timeZone: string, granularity: 'hour' | 'day' | 'month') => {
  const length = { month: 7, day: 10, hour: 13 }[granularity];
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'short' });
  return (timeMs: number) => format.format(timeMs).slice(0, length);
};

/** Days of a local month's day, by walking the quarter-hours of the range and watching the label change. */
const walked = (range: { from: number; to: number; granularity: 'hour' | 'day' | 'month'; timeZone: string }) => {
  const labelOf = label(range.timeZone, range.granularity);
  const starts = [range.from];
  for (let time = range.from + 15 * 60_000; time < range.to; time += 15 * 60_000) {
    if (labelOf(time) !== labelOf(time - 15 * 60_000)) starts.push(time);
  }
  return starts.map((start, index) => ({ start, end: starts[index + 1] ?? range.to }));
};

describe('localPeriods', () => {
  const days = (from: string, to: string, timeZone: string) =>
    localPeriods({ from: at(from), to: at(to), granularity: 'day', timeZone }).map(
      ({ start, end }) => (end - start) / HOUR,
    );

  test('a day of 23 hours when Sydney puts its clocks forward', () => {
    expect(days('2012-10-06T00:00:00+10:00', '2012-10-09T00:00:00+11:00', 'Australia/Sydney')).toEqual([24, 23, 24]);
  });

  test('a day of 25 hours when Sydney puts them back', () => {
    expect(days('2013-04-06T00:00:00+11:00', '2013-04-09T00:00:00+10:00', 'Australia/Sydney')).toEqual([24, 25, 24]);
  });

  test('the hour that is shown twice is two hours', () => {
    const hours = localPeriods({
      from: at('2013-04-07T00:00:00+11:00'),
      to: at('2013-04-08T00:00:00+10:00'),
      granularity: 'hour',
      timeZone: 'Australia/Sydney',
    });
    expect(hours).toHaveLength(25);
    expect(new Set(hours.map(({ start, end }) => end - start))).toEqual(new Set([HOUR]));
  });

  test('a date begins when its clocks have skipped midnight', () => {
    const [first] = localPeriods({
      from: at('2018-11-04T03:00:00Z'),
      to: at('2018-11-05T02:00:00Z'),
      granularity: 'day',
      timeZone: 'America/Sao_Paulo',
    });
    expect(first).toEqual({ start: at('2018-11-04T03:00:00Z'), end: at('2018-11-05T02:00:00Z') });
  });

  test('months of a zone, cut to the range', () => {
    const months = localPeriods({
      from: at('2012-09-15T00:00:00Z'),
      to: at('2012-11-02T00:00:00Z'),
      granularity: 'month',
      timeZone: 'Australia/Sydney',
    });
    expect(months.map(({ start }) => new Date(start).toISOString())).toEqual([
      '2012-09-15T00:00:00.000Z',
      '2012-09-30T14:00:00.000Z',
      '2012-10-31T13:00:00.000Z',
    ]);
  });

  // Asia/Kolkata has half an hour, Lord Howe moves its clocks by half an hour, Sao Paulo and Havana moved them at midnight.
  const zones = [
    'UTC',
    'Australia/Sydney',
    'Europe/Berlin',
    'America/New_York',
    'Asia/Kolkata',
    'America/Sao_Paulo',
    'America/Havana',
  ];

  test.each(['hour', 'day', 'month'] as const)('by %s as a walk through the calendar finds them', (granularity) => {
    fc.assert(
      fc.property(
        fc.constantFrom(...zones),
        fc.integer({ min: at('2005-01-01T00:00:00Z') / 900_000, max: at('2024-01-01T00:00:00Z') / 900_000 }),
        fc.integer({ min: 1, max: 96 * (granularity === 'hour' ? 3 : 40) }),
        (timeZone, quarter, quarters) => {
          const range = { from: quarter * 900_000, to: (quarter + quarters) * 900_000, granularity, timeZone };
          // Where clocks fall back within an hour's label, the walk sees one label of two hours.
          const expected = granularity === 'hour' ? splitHours(walked(range)) : walked(range);
          expect(localPeriods(range)).toEqual(expected);
        },
      ),
      { numRuns: 150, seed: 20121007 },
    );
  });

  const splitHours = (periods: { start: number; end: number }[]) =>
    periods.flatMap(({ start, end }) =>
      end - start > HOUR
        ? [
            { start, end: end - HOUR },
            { start: end - HOUR, end },
          ]
        : [{ start, end }],
    );

  test('a zone that moves its clocks by half an hour has no holes and no overlaps', () => {
    const periods = localPeriods({
      from: at('2013-04-06T00:00:00Z'),
      to: at('2013-04-06T00:00:00Z') + 3 * DAY,
      granularity: 'hour',
      timeZone: 'Australia/Lord_Howe',
    });
    expect(periods.slice(1).map(({ start }) => start)).toEqual(periods.slice(0, -1).map(({ end }) => end));
    // The half hour that is shown again, and the cut at the end of the range.
    expect(periods.filter(({ start, end }) => end - start !== HOUR)).toHaveLength(2);
  });
});
