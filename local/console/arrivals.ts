import type { Cloud } from '../kernel/types.ts';

const windowMs = 5 * 60_000;

/** How fast streams fill, from the tips of their shards: the tip counts every record ever taken. */
export class Arrivals {
  readonly #samples = new Map<string, { time: number; tip: number }[]>();

  sample(cloud: Cloud): void {
    const time = cloud.clock();
    for (const stream of cloud.shared.kinesis?.all() ?? []) {
      const tip = stream.shards.reduce((sum, shard) => sum + shard.tip, 0);
      const kept = (this.#samples.get(stream.settings.name) ?? []).filter((sample) => sample.time > time - windowMs);
      kept.push({ time, tip });
      this.#samples.set(stream.settings.name, kept);
    }
  }

  /** Records per minute over the last five, or since there are two samples. */
  perMinute(streamName: string): number {
    const samples = this.#samples.get(streamName) ?? [];
    const [first, last] = [samples[0], samples.at(-1)];
    if (!first || !last || last.time === first.time) return 0;
    return ((last.tip - first.tip) * 60_000) / (last.time - first.time);
  }
}
