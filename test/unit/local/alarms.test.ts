import { alarmState } from '../../../local/cloudwatch/alarm.ts';
import { expressionValue } from '../../../local/cloudwatch/metric-math.ts';
import { MetricStore } from '../../../local/cloudwatch/metric-store.ts';
import { parseSchedule } from '../../../local/events/schedule-expression.ts';

const NOW = Date.parse('2026-01-05T10:30:05Z');
const MINUTE = 60_000;

function storeWith(points: readonly [minutesAgo: number, value: number][]): MetricStore {
  const store = new MetricStore();
  for (const [minutesAgo, value] of points) {
    store.add({ namespace: 'N', name: 'M', dimensions: { a: '1' }, value, time: NOW - minutesAgo * MINUTE });
  }
  return store;
}

const alarm = (more: Record<string, unknown> = {}) => ({
  stack: 's',
  logicalId: 'A',
  path: '',
  type: 'AWS::CloudWatch::Alarm',
  physicalId: 'a',
  attributes: {},
  properties: {
    Namespace: 'N',
    MetricName: 'M',
    Dimensions: [{ Name: 'a', Value: '1' }],
    Statistic: 'Sum',
    Period: 60,
    EvaluationPeriods: 2,
    Threshold: 5,
    ComparisonOperator: 'GreaterThanOrEqualToThreshold',
    ...more,
  },
});

test.each([
  [
    'at the threshold in every period',
    [
      [1, 5],
      [2, 5],
    ],
    {},
    'ALARM',
  ],
  [
    'one past it',
    [
      [1, 4.99],
      [2, 5],
    ],
    {},
    'OK',
  ],
  [
    'one of two is enough',
    [
      [1, 0],
      [2, 5],
    ],
    { DatapointsToAlarm: 1 },
    'ALARM',
  ],
  [
    'the running minute does not count',
    [
      [0, 99],
      [1, 0],
      [2, 0],
    ],
    {},
    'OK',
  ],
  ['no data', [], {}, 'INSUFFICIENT_DATA'],
  ['no data, not breaching', [], { TreatMissingData: 'notBreaching' }, 'OK'],
  ['no data, breaching', [], { TreatMissingData: 'breaching' }, 'ALARM'],
  [
    'another series',
    [
      [1, 9],
      [2, 9],
    ],
    { Dimensions: [] },
    'INSUFFICIENT_DATA',
  ],
  [
    'a percentile',
    [
      [1, 9],
      [1, 1],
      [2, 9],
      [2, 1],
    ],
    { Statistic: undefined, ExtendedStatistic: 'p99' },
    'ALARM',
  ],
] as [string, [number, number][], object, string][])('%s', (_, points, more, state) => {
  expect(alarmState(alarm({ ...more }), storeWith(points), NOW, 'OK').state).toBe(state);
});

test('a metric of high resolution rings within ten seconds, and once they are over no longer', () => {
  const store = new MetricStore();
  const datum = { namespace: 'N', name: 'M', dimensions: { a: '1' }, value: 5, highResolution: true };
  store.add({ ...datum, time: NOW - 4_000 });
  store.add({ ...datum, time: NOW - 64_000 });
  const at = (seconds: number) =>
    alarmState(alarm({ Period: 10, EvaluationPeriods: 1 }), store, NOW + seconds * 1000, 'OK').state;
  expect([at(-5), at(4), at(5), at(14), at(15)]).toEqual([
    'INSUFFICIENT_DATA',
    'INSUFFICIENT_DATA',
    'ALARM',
    'ALARM',
    'INSUFFICIENT_DATA',
  ]);
  expect(store.all('Sum')[0]?.points.map(([, value]) => value)).toEqual([5, 5]);
});

test('metric math', () => {
  const values = new Map([
    ['a', 6],
    ['b', 2],
    ['none', undefined],
  ] as [string, number | undefined][]);
  expect(expressionValue('(a + b) * 100 / a - 1', values)).toBeCloseTo(132.333, 2);
  expect(expressionValue('FILL(none, 0) + a', values)).toBe(6);
  expect(expressionValue('a + none', values)).toBeUndefined();
  expect(expressionValue('IF(a > b, a, b)', values)).toBe(6);
  expect(expressionValue('SUM([a, b])', values)).toBe(8);
  expect(expressionValue('a / 0', values)).toBeUndefined();
  expect(() => expressionValue('ANOMALY_DETECTION_BAND(a)', values)).toThrow('not known');
});

test.each([
  ['rate(1 minute)', '2026-01-05T10:31:00Z'],
  ['rate(2 hours)', '2026-01-05T12:00:00Z'],
  ['cron(0 18 * * ? *)', '2026-01-05T18:00:00Z'],
  ['cron(0/15 * * * ? *)', '2026-01-05T10:45:00Z'],
  ['cron(30 10 ? * TUE-FRI *)', '2026-01-06T10:30:00Z'],
  ['cron(0 0 1 FEB ? *)', '2026-02-01T00:00:00Z'],
])('%s fires next at %s', (expression, next) => {
  expect(new Date(parseSchedule(expression).next(NOW)).toISOString()).toBe(next.replace('Z', '.000Z'));
});

test.each(['rate(0 minutes)', 'cron(* * *)', 'cron(0 18 L * ? *)', 'every minute'])('%s is refused', (expression) => {
  expect(() => parseSchedule(expression)).toThrow();
});
