import { dayKind, easterSunday, isHoliday } from '../../../layers/domain/calendar/holidays.ts';
import { dateOf, dateText, localDayOf, localDayPeriod } from '../../../layers/domain/calendar/local-days.ts';

const holidaysOf = (year: number): string[] => {
  const first = dateOf(`${year}-01-01`);
  return Array.from({ length: 366 }, (_, n) => first + n)
    .filter((day) => dateText(day).startsWith(String(year)) && isHoliday('AU-NSW', day))
    .map((day) => dateText(day).slice(5));
};

describe('public holidays of New South Wales', () => {
  // As published for the state by NSW Industrial Relations.
  test('2011: New Year on a Saturday, Christmas on a Sunday, Anzac Day on Easter Monday', () => {
    expect(holidaysOf(2011)).toEqual(
      '01-01 01-03 01-26 04-22 04-23 04-24 04-25 06-13 10-03 12-25 12-26 12-27'.split(' '),
    );
  });
  test('2012: New Year on a Sunday', () => {
    expect(holidaysOf(2012)).toEqual(
      '01-01 01-02 01-26 04-06 04-07 04-08 04-09 04-25 06-11 10-01 12-25 12-26'.split(' '),
    );
  });
  test('2013: Australia Day on a Saturday moves to Monday', () => {
    expect(holidaysOf(2013)).toEqual('01-01 01-28 03-29 03-30 03-31 04-01 04-25 06-10 10-07 12-25 12-26'.split(' '));
  });
  test('Easter Sundays', () => {
    expect([1961, 2000, 2008, 2024, 2025, 2038].map((year) => dateText(easterSunday(year)))).toEqual(
      '1961-04-02 2000-04-23 2008-03-23 2024-03-31 2025-04-20 2038-04-25'.split(' '),
    );
  });
  test('a holiday counts as a Sunday', () => {
    expect(
      ['2012-10-01', '2012-10-02', '2012-10-06', '2012-10-07'].map((day) => dayKind('AU-NSW', dateOf(day))),
    ).toEqual(['sunday', 'working', 'saturday', 'sunday']);
    expect(dayKind('none', dateOf('2012-10-01'))).toBe('working');
  });
});

describe('local days', () => {
  const hours = (text: string) => {
    const { start, end } = localDayPeriod('Australia/Sydney', dateOf(text));
    return (end - start) / 3_600_000;
  };
  test('23 hours when clocks go forward, 25 when they go back', () => {
    expect(['2012-10-06', '2012-10-07', '2013-04-07'].map(hours)).toEqual([24, 23, 25]);
  });
  test('every instant belongs to the day whose period holds it', () => {
    for (let at = Date.UTC(2013, 3, 5); at < Date.UTC(2013, 3, 9); at += 900_000) {
      const { start, end } = localDayPeriod('Australia/Sydney', localDayOf('Australia/Sydney', at));
      expect(start <= at && at < end).toBe(true);
    }
  });
});
