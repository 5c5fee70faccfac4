import type { Cloud } from '../kernel/types.ts';
import type { Stream } from './stream.ts';

const SAMPLE_MS = 1000;

/**
 * `AWS/Kinesis` metrics of streams, once a second: a shard's tip counts every record it ever took, so nothing is counted on
 * the way of a put. Source: https://docs.aws.amazon.com/streams/latest/dev/monitoring-with-cloudwatch.html
 */
export class StreamMetrics {
  readonly #cloud: Cloud;
  readonly #streams: ReadonlyMap<string, Stream>;
  readonly #tips = new Map<string, number>();
  readonly #refused = new Map<string, number>();
  readonly #timer: NodeJS.Timeout;

  constructor(cloud: Cloud, streams: ReadonlyMap<string, Stream>) {
    this.#cloud = cloud;
    this.#streams = streams;
    for (const [arn, stream] of streams) this.#tips.set(arn, tipOf(stream));
    this.#timer = setInterval(() => this.sample(), SAMPLE_MS);
    this.#timer.unref();
  }

  /** Counts a record that a shard's rates did not admit. */
  refused(streamArn: string): void {
    this.#refused.set(streamArn, (this.#refused.get(streamArn) ?? 0) + 1);
  }

  sample(): void {
    for (const [arn, stream] of this.#streams) {
      const tip = tipOf(stream);
      this.#say(stream, 'IncomingRecords', tip - (this.#tips.get(arn) ?? 0));
      this.#tips.set(arn, tip);
      this.#say(stream, 'WriteProvisionedThroughputExceeded', this.#refused.get(arn) ?? 0);
      this.#refused.delete(arn);
    }
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #say(stream: Stream, name: string, value: number): void {
    const dimensions = { StreamName: stream.settings.name };
    this.#cloud.metric({ namespace: 'AWS/Kinesis', name, dimensions, value, unit: 'Count', time: this.#cloud.clock() });
  }
}

const tipOf = (stream: Stream): number => stream.shards.reduce((sum, shard) => sum + shard.tip, 0);
