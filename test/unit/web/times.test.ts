import { ageName, ceilTo, iso, localHour, offsetMs, startOfLocalDay } from '../../../web/src/app/times.ts';

const zone = 'Australia/Sydney';
const hour = 3_600_000;

describe('local days', () => {
  // Daylight saving began at 02:00 on 7 October 2012 and ended at 03:00 on 7 April 2013.
  test.each([
    ['2012-10-07T12:00:00Z', '2012-10-06T14:00:00.000Z', 23],
    ['2013-04-07T01:00:00Z', '2013-04-06T13:00:00.000Z', 25],
    ['2013-01-15T00:00:00Z', '2013-01-14T13:00:00.000Z', 24],
  ])('the day of %s begins at %s and has %i hours', (time, start, hours) => {
    const begun = startOfLocalDay(Date.parse(time), zone);
    expect(iso(begun)).toBe(start);
    expect((startOfLocalDay(begun, zone, 1) - begun) / hour).toBe(hours);
  });

  test('offset and hour follow the zone', () => {
    expect(offsetMs(Date.parse('2013-01-15T00:00:00Z'), zone)).toBe(11 * hour);
    expect(localHour(Date.parse('2013-01-11T13:30:00Z'), zone)).toEqual({ hour: 0, weekend: true });
  });

  test('ages are said in one unit; steps are rounded up', () => {
    expect([20_000, 5 * 60_000, 5 * hour, 72 * hour].map(ageName)).toEqual(['20 s', '5 min', '5 h', '3 days']);
    expect(ceilTo(10, 10)).toBe(10);
    expect(ceilTo(11, 10)).toBe(20);
  });
});
