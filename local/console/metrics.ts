import type { MetricSeries } from '../cloudwatch/metric-store.ts';

type Dimensions = Readonly<Record<string, string>>;
const minuteMs = 60_000;

/** Metrics as CloudWatch keeps them, read for the console. Built anew for each snapshot. */
export class MetricReader {
  readonly #all: (statistic: string) => MetricSeries[];
  readonly #now: number;
  readonly #byStatistic = new Map<string, MetricSeries[]>();

  constructor(all: ((statistic?: string) => MetricSeries[]) | undefined, now: number) {
    this.#all = (statistic) => all?.(statistic) ?? [];
    this.#now = now;
  }

  /** Series of one metric; dimensions that are not named may be anything. */
  series(namespace: string, name: string, dimensions: Dimensions, statistic: string): MetricSeries[] {
    let all = this.#byStatistic.get(statistic);
    if (!all) {
      all = this.#all(statistic);
      this.#byStatistic.set(statistic, all);
    }
    return all.filter(
      (one) =>
        one.namespace === namespace &&
        one.name === name &&
        Object.entries(dimensions).every(([key, wanted]) => one.dimensions[key] === wanted),
    );
  }

  #recent(namespace: string, name: string, dimensions: Dimensions, statistic: string, minutes: number): number[] {
    return this.series(namespace, name, dimensions, statistic).flatMap((one) =>
      one.points.filter(([time]) => time > this.#now - minutes * minuteMs).map(([, amount]) => amount),
    );
  }

  sum(namespace: string, name: string, dimensions: Dimensions, minutes: number): number {
    return this.#recent(namespace, name, dimensions, 'Sum', minutes).reduce((total, amount) => total + amount, 0);
  }

  /** Highest minute of a statistic; null without data. */
  highest(namespace: string, name: string, dimensions: Dimensions, statistic: string, minutes: number): number | null {
    const amounts = this.#recent(namespace, name, dimensions, statistic, minutes);
    return amounts.length === 0 ? null : Math.max(...amounts);
  }
}
