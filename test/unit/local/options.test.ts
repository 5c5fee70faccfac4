import { parseOptions } from '../../../local/start/options.ts';

test('what a bare start means', () => {
  expect(parseOptions([])).toEqual({ fresh: false, fleet: true, portBase: 8800, json: false });
});

test('a bounded replay', () => {
  const args = '--fresh --speed max --from 2012-09-30 --days 14 --meters 5 --port-base 9000'.split(' ');
  expect(parseOptions(args)).toEqual({
    fresh: true,
    speed: 'max',
    from: '2012-09-30',
    days: 14,
    meters: 5,
    fleet: true,
    portBase: 9000,
    json: false,
  });
});

test.each([
  [['--speed', '10'], '--speed needs --from'],
  [['--speed', 'fast', '--from', '2012-09-30'], '--speed must be'],
  [['--speed', '0', '--from', '2012-09-30'], '--speed must be'],
  [['--from', '2012-13-01'], '--from must be a date'],
  [['--from', '2013-02-30'], '--from must be a date'],
  [['--days', '3'], '--days needs --from'],
  [['--from', '2012-09-30', '--days', '0'], '--days must be a whole number'],
  [['--meters', 'x'], '--meters must be'],
  [['--port-base', '80'], '--port-base must be'],
  [['--no-fleet', '--meters', '3'], '--no-fleet leaves nothing'],
  [['--frseh'], 'frseh'],
])('%j: %s', (args, message) => {
  expect(() => parseOptions(args)).toThrow(message);
});
