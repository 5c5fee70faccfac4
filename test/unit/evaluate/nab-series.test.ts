import { scoresOf, surprisesOf } from '../../../bench/evaluate/anomaly.ts';
import { parseSeries } from '../../../bench/nab/series.ts';
import { ALERT_SCORE } from '../../../layers/domain/anomalies/alert-score.ts';

const START = Date.parse('2026-01-01T00:00:00Z');
const fileOf = (values: readonly (number | string)[], stepMinutes = 5): string =>
  [
    'timestamp,value',
    ...values.map((value, n) => {
      const stamp = new Date(START + n * stepMinutes * 60_000).toISOString().slice(0, 19).replace('T', ' ');
      return `${stamp},${value}`;
    }),
  ].join('\n');
const scored = (text: string): Float64Array =>
  scoresOf(
    surprisesOf(parseSeries('a/b.csv', text), () => {}),
    ALERT_SCORE,
  );

test.each([
  [
    'names in capitals, quoted, after a byte order mark',
    '\uFEFF"Timestamp","Value"\r\n"2026-01-01 00:00:00","1.5"\r\n',
  ],
  ['other columns and another order', 'value,label,timestamp\n1.5,0,2026-01-01T00:00:00Z\n'],
  ['a zone', 'timestamp,value\n2026-01-01T10:00:00+10:00,1.5\n\n'],
])('a file with %s is read', (_, text) => {
  const { times, values } = parseSeries('a/b.csv', text);
  expect([[...times], [...values]]).toEqual([[START], [1.5]]);
});

test.each([
  ['a value that is none', 'timestamp,value\n2026-01-01 00:00:00,1\n\n2026-01-01 00:05:00,x', 'a/b.csv:4: not a time'],
  ['a time that is none', 'timestamp,value\nyesterday,1', 'a/b.csv:2: not a time and a number: yesterday,1'],
  ['another header', 'date,value\n2026-01-01,1', 'a/b.csv:1: the header has to name timestamp and value'],
  ['no row', 'timestamp,value\n', 'a/b.csv: no row'],
])('%s is refused, with file and line', (_, text, message) => {
  expect(() => parseSeries('a/b.csv', text)).toThrow(message);
});

test.each([
  ['constant', Array.from({ length: 3000 }, () => 7), 5],
  ['of fifty rows', Array.from({ length: 50 }, (_, n) => Math.sin(n)), 5],
  ['of one row', [1], 5],
  ['daily', Array.from({ length: 800 }, (_, n) => n % 7), 1440],
  ['by seconds', Array.from({ length: 3000 }, (_, n) => Math.sin(n / 50)), 1 / 60],
  [
    'with gaps',
    Array.from({ length: 3000 }, (_, n) => (n % 11 === 0 ? '' : n % 13 === 0 ? 'NaN' : Math.sin(n / 40))),
    5,
  ],
])('a series %s has a score in [0, 1] in each row', (_, values, step) => {
  const scores = scored(fileOf(values, step));
  expect(scores).toHaveLength(values.length);
  expect([...scores].every((score) => score >= 0 && score <= 1)).toBe(true);
});

test('rows without a value score nothing, and what comes after is scored as if they were not there', () => {
  const usual = Array.from({ length: 2000 }, (_, n) => Math.sin(n / 23) + (n === 1500 ? 9 : 0));
  const text = fileOf(usual).split('\n');
  const gap = (text[1000] as string).replace(/,.*/, ',');
  const withGap = [...text.slice(0, 1001), gap, ...text.slice(1001)].join('\n');
  const [plain, gapped] = [scored(text.join('\n')), scored(withGap)];
  expect(gapped[1000]).toBe(0);
  expect(gapped[1501]).toBeCloseTo(plain[1500] as number, 9);
  expect(plain[1500]).toBeGreaterThan(0.5);
});

test('stamps that repeat or go back are scored in the order of the file', () => {
  const lines = fileOf(Array.from({ length: 400 }, (_, n) => Math.sin(n / 20))).split('\n');
  const shuffled = [lines[0], ...lines.slice(201), ...lines.slice(1, 201), lines[200], lines[200]].join('\n');
  expect([...scored(shuffled)].every((score) => score >= 0 && score <= 1)).toBe(true);
});
