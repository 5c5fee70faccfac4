import { widgetsOf } from '../../../../local/console/dashboards.ts';
import { MetricReader } from '../../../../local/console/metrics.ts';

const now = Date.UTC(2026, 0, 1);
const series = (stream: string, amount: number) => ({
  namespace: 'AWS/Kinesis',
  name: 'IncomingRecords',
  dimensions: { StreamName: stream },
  unit: 'Count',
  points: [[now - 60_000, amount]] as [number, number][],
});
const metrics = new MetricReader((statistic) => (statistic === 'Sum' ? [series('a', 7), series('b', 9)] : []), now);

test("a template's dashboard is read with its abbreviations", () => {
  const [text, graph] = widgetsOf(
    {
      widgets: [
        { type: 'text', width: 24, properties: { markdown: '# x' } },
        {
          type: 'metric',
          width: 8,
          properties: {
            title: 'Arriving',
            metrics: [
              ['AWS/Kinesis', 'IncomingRecords', 'StreamName', 'a', { stat: 'Sum', label: 'first' }],
              ['...', 'b', { stat: 'Sum' }],
              ['.', 'WriteProvisionedThroughputExceeded', '.', 'a', { stat: 'Sum' }],
            ],
          },
        },
      ],
    },
    metrics,
  );
  expect(text?.markdown).toBe('# x');
  expect(graph?.lines).toEqual([
    { label: 'first', points: [[now - 60_000, 7]] },
    { label: 'IncomingRecords b', points: [[now - 60_000, 9]] },
    { label: 'WriteProvisionedThroughputExceeded a', points: [] },
  ]);
});

test('only the minutes asked for count', () => {
  expect(metrics.sum('AWS/Kinesis', 'IncomingRecords', {}, 5)).toBe(16);
  expect(metrics.sum('AWS/Kinesis', 'IncomingRecords', {}, 0.5)).toBe(0);
  expect(metrics.highest('AWS/Kinesis', 'IncomingRecords', { StreamName: 'b' }, 'Sum', 5)).toBe(9);
  expect(metrics.highest('AWS/Kinesis', 'IncomingRecords', { StreamName: 'c' }, 'Sum', 5)).toBeNull();
});
