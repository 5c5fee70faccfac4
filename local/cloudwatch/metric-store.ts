import type { MetricDatum } from '../kernel/types.ts';

/** One minute of one metric, or one second of one of high resolution. */
interface Bucket {
  sum: number;
  count: number;
  least: number;
  most: number;
  /** Every value while there are few, for percentiles. */
  values: number[];
}

export interface MetricSeries {
  namespace: string;
  name: string;
  dimensions: Readonly<Record<string, string>>;
  unit: string | undefined;
  /** [minute's start in ms, value of the statistic asked for]. */
  points: [number, number][];
}

const MINUTE_MS = 60_000;
const SECOND_MS = 1_000;
/** What is kept: enough for the longest alarm and for the console's charts. */
const KEPT_MS = 3 * 3600_000;
const MAX_VALUES = 1000;

const keyOf = (namespace: string, name: string, dimensions: Readonly<Record<string, string>>): string =>
  `${namespace}\n${name}\n${Object.keys(dimensions)
    .sort()
    .map((key) => `${key}=${dimensions[key]}`)
    .join('\n')}`;

/** Metrics of the last hours, by minute or by second. */
export class MetricStore {
  readonly #series = new Map<string, { datum: MetricDatum; buckets: Map<number, Bucket> }>();

  add(datum: MetricDatum): void {
    const key = keyOf(datum.namespace, datum.name, datum.dimensions);
    let series = this.#series.get(key);
    if (!series) {
      series = { datum, buckets: new Map() };
      this.#series.set(key, series);
    }
    const width = datum.highResolution ? SECOND_MS : MINUTE_MS;
    const start = Math.floor(datum.time / width) * width;
    let bucket = series.buckets.get(start);
    if (!bucket) {
      bucket = { sum: 0, count: 0, least: Number.POSITIVE_INFINITY, most: Number.NEGATIVE_INFINITY, values: [] };
      series.buckets.set(start, bucket);
      for (const old of series.buckets.keys()) if (old < start - KEPT_MS) series.buckets.delete(old);
    }
    bucket.sum += datum.value;
    bucket.count++;
    bucket.least = Math.min(bucket.least, datum.value);
    bucket.most = Math.max(bucket.most, datum.value);
    if (bucket.values.length < MAX_VALUES) bucket.values.push(datum.value);
  }

  /** The statistic over [from, to), ms; undefined without data. @param statistic `Sum`, `Average`, `p99`, … */
  statistic(
    metric: { namespace: string; name: string; dimensions: Readonly<Record<string, string>> },
    statistic: string,
    from: number,
    to: number,
  ): number | undefined {
    const series = this.#series.get(keyOf(metric.namespace, metric.name, metric.dimensions));
    if (!series) return undefined;
    const buckets = [...series.buckets].filter(([start]) => start >= from && start < to).map(([, bucket]) => bucket);
    return buckets.length === 0 ? undefined : summarise(buckets, statistic);
  }

  /** Every metric that has data, with one point a minute. */
  all(statistic = 'Average'): MetricSeries[] {
    return [...this.#series.values()].map(({ datum, buckets }) => ({
      namespace: datum.namespace,
      name: datum.name,
      dimensions: datum.dimensions,
      unit: datum.unit,
      points: [...byMinute(buckets)]
        .sort(([a], [b]) => a - b)
        .map(([minute, within]) => [minute, summarise(within, statistic)]),
    }));
  }
}

function byMinute(buckets: ReadonlyMap<number, Bucket>): Map<number, Bucket[]> {
  const minutes = new Map<number, Bucket[]>();
  for (const [start, bucket] of buckets) {
    const minute = Math.floor(start / MINUTE_MS) * MINUTE_MS;
    const within = minutes.get(minute);
    if (within) within.push(bucket);
    else minutes.set(minute, [bucket]);
  }
  return minutes;
}

function summarise(buckets: readonly Bucket[], statistic: string): number {
  const sum = buckets.reduce((total, bucket) => total + bucket.sum, 0);
  const count = buckets.reduce((total, bucket) => total + bucket.count, 0);
  switch (statistic) {
    case 'Sum':
      return sum;
    case 'SampleCount':
      return count;
    case 'Minimum':
      return Math.min(...buckets.map(({ least }) => least));
    case 'Maximum':
      return Math.max(...buckets.map(({ most }) => most));
    case 'Average':
      return sum / count;
  }
  const percentile = /^p(\d+(?:\.\d+)?)$/.exec(statistic)?.[1];
  if (percentile === undefined) throw new Error(`the statistic ${statistic} is not known here`);
  const values = buckets.flatMap((bucket) => bucket.values).sort((a, b) => a - b);
  return values[Math.max(0, Math.ceil((Number(percentile) / 100) * values.length) - 1)] as number;
}
