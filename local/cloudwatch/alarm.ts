import { listAt, textAt } from '../kernel/properties.ts';
import type { Resource } from '../kernel/types.ts';
import { expressionValue } from './metric-math.ts';
import type { MetricStore } from './metric-store.ts';

export type AlarmState = 'OK' | 'ALARM' | 'INSUFFICIENT_DATA';

const COMPARE: Readonly<Record<string, (value: number, threshold: number) => boolean>> = {
  GreaterThanThreshold: (value, threshold) => value > threshold,
  GreaterThanOrEqualToThreshold: (value, threshold) => value >= threshold,
  LessThanThreshold: (value, threshold) => value < threshold,
  LessThanOrEqualToThreshold: (value, threshold) => value <= threshold,
};

const dimensionsOf = (properties: unknown, ...path: (string | number)[]): Record<string, string> =>
  Object.fromEntries(
    listAt(properties, ...path).map((dimension) => [
      String(textAt(dimension, 'Name')),
      String(textAt(dimension, 'Value')),
    ]),
  );

/** The alarm's value over one period that starts at `from` (ms); undefined if data is missing. */
function valueAt(properties: Record<string, unknown>, store: MetricStore, from: number): number | undefined {
  const queries = listAt(properties, 'Metrics');
  if (queries.length === 0) {
    const metric = {
      namespace: String(properties.Namespace),
      name: String(properties.MetricName),
      dimensions: dimensionsOf(properties, 'Dimensions'),
    };
    const statistic = textAt(properties, 'Statistic') ?? textAt(properties, 'ExtendedStatistic') ?? 'Average';
    return store.statistic(metric, statistic, from, from + Number(properties.Period) * 1000);
  }
  const values = new Map<string, number | undefined>();
  let answer: string | undefined;
  for (const query of queries) {
    const id = String(textAt(query, 'Id'));
    if (textAt(query, 'ReturnData') !== 'false') answer = id;
    if (textAt(query, 'Expression') !== undefined) continue;
    const metric = {
      namespace: String(textAt(query, 'MetricStat', 'Metric', 'Namespace')),
      name: String(textAt(query, 'MetricStat', 'Metric', 'MetricName')),
      dimensions: dimensionsOf(query, 'MetricStat', 'Metric', 'Dimensions'),
    };
    const periodMs = Number(textAt(query, 'MetricStat', 'Period') ?? 60) * 1000;
    values.set(id, store.statistic(metric, textAt(query, 'MetricStat', 'Stat') ?? 'Average', from, from + periodMs));
  }
  for (const query of queries) {
    const expression = textAt(query, 'Expression');
    if (expression !== undefined) values.set(String(textAt(query, 'Id')), expressionValue(expression, values));
  }
  return values.get(answer ?? '');
}

/** Seconds of one of an alarm's periods. */
export function periodSeconds(properties: Record<string, unknown>): number {
  const queried = listAt(properties, 'Metrics').map((query) =>
    Number(textAt(query, 'MetricStat', 'Period') ?? textAt(query, 'Period') ?? 0),
  );
  return Number(properties.Period ?? (Math.max(0, ...queried) || 60));
}

/**
 * The state of an alarm now, over its last whole periods.
 * Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html (missing data, M out of N).
 */
export function alarmState(
  { properties }: Resource,
  store: MetricStore,
  now: number,
  before: AlarmState,
): { state: AlarmState; values: (number | undefined)[] } {
  const periodMs = periodSeconds(properties) * 1000;
  const evaluated = Number(properties.EvaluationPeriods ?? 1);
  const needed = Number(properties.DatapointsToAlarm ?? evaluated);
  const compare = COMPARE[String(properties.ComparisonOperator)];
  if (!compare) throw new Error(`the comparison ${properties.ComparisonOperator} is not known here`);
  const end = Math.floor(now / periodMs) * periodMs;
  const values = Array.from({ length: evaluated }, (_, back) =>
    valueAt(properties, store, end - (back + 1) * periodMs),
  );
  const threshold = Number(properties.Threshold);
  const missing = values.filter((value) => value === undefined).length;
  const breaching = values.filter((value) => value !== undefined && compare(value, threshold)).length;
  const treatment = textAt(properties, 'TreatMissingData') ?? 'missing';
  const counted = breaching + (treatment === 'breaching' ? missing : 0);
  if (counted >= needed) return { state: 'ALARM', values };
  if (missing === evaluated) {
    if (treatment === 'ignore') return { state: before, values };
    if (treatment === 'missing') return { state: 'INSUFFICIENT_DATA', values };
  }
  return { state: 'OK', values };
}
