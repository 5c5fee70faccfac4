import { AwsFailure } from '../kernel/types.ts';
import { kinesisLimits } from './limits.ts';
import type { Shard, Stream } from './stream.ts';
import { SecondWindow } from './throughput.ts';

interface Iterator {
  arn: string;
  shard: string;
  position: number;
  issued: number;
}

/** GetShardIterator and GetRecords; an iterator is opaque text that says where to read and since when it is valid. */
export class Reads {
  readonly #clock: () => number;
  readonly #throttled: boolean;
  readonly #calls = new Map<Shard, SecondWindow>();

  constructor(options: { clock: () => number; throttled: boolean }) {
    this.#clock = options.clock;
    this.#throttled = options.throttled;
  }

  streamArnOf(iterator: string): string {
    return decode(iterator).arn;
  }

  async shardIterator(stream: Stream, body: Record<string, unknown>): Promise<{ ShardIterator: string }> {
    const shard = shardOf(stream, body.ShardId);
    const position = await this.#start(shard, body);
    return { ShardIterator: this.#encode(stream, shard, position) };
  }

  async records(body: Record<string, unknown>, streamOf: (arn: string) => Stream): Promise<unknown> {
    const limit = body.Limit ?? kinesisLimits.getRecordsCount;
    if (!Number.isInteger(limit) || (limit as number) < 1 || (limit as number) > kinesisLimits.getRecordsCount)
      throw new AwsFailure(
        'ValidationException',
        `1 validation error detected: Value at 'limit' failed to satisfy constraint: Member must have value between 1 and ${kinesisLimits.getRecordsCount}`,
      );
    const iterator = decode(String(body.ShardIterator));
    if (this.#clock() - iterator.issued > kinesisLimits.iteratorLifetimeMs)
      throw new AwsFailure(
        'ExpiredIteratorException',
        'Iterator expired. The iterator was created more than 5 minutes ago.',
      );
    const stream = streamOf(iterator.arn);
    const shard = shardOf(stream, iterator.shard);
    this.#admit(stream, shard);
    const { records, next } = await shard.read(iterator.position, limit as number, kinesisLimits.getRecordsBytes);
    const last = records.at(-1);
    return {
      Records: records.map((record) => ({
        SequenceNumber: record.sequenceNumber,
        ApproximateArrivalTimestamp: record.arrivalMs / 1000,
        Data: record.data.toString('base64'),
        PartitionKey: record.partitionKey,
        EncryptionType: stream.settings.keyId ? 'KMS' : 'NONE',
      })),
      NextShardIterator: this.#encode(stream, shard, next),
      MillisBehindLatest: last && next < shard.tip ? this.#clock() - last.arrivalMs : 0,
    };
  }

  #admit(stream: Stream, shard: Shard): void {
    if (!this.#throttled) return;
    const window = this.#calls.get(shard) ?? new SecondWindow(kinesisLimits.getRecordsPerShardSecond);
    this.#calls.set(shard, window);
    if (!window.admits(1, this.#clock()))
      throw new AwsFailure(
        'ProvisionedThroughputExceededException',
        `Rate exceeded for shard ${shard.id} in stream ${stream.settings.name}.`,
      );
    window.take(1);
  }

  async #start(shard: Shard, body: Record<string, unknown>): Promise<number> {
    switch (body.ShardIteratorType) {
      case 'TRIM_HORIZON':
        return shard.oldest;
      case 'LATEST':
        return shard.tip;
      case 'AT_TIMESTAMP':
        if (typeof body.Timestamp !== 'number')
          throw new AwsFailure('InvalidArgumentException', 'Must specify timestampInMillis for AT_TIMESTAMP');
        return shard.positionAt(body.Timestamp * 1000);
      case 'AT_SEQUENCE_NUMBER':
      case 'AFTER_SEQUENCE_NUMBER': {
        const position = shard.position(String(body.StartingSequenceNumber));
        if (position === undefined)
          throw new AwsFailure(
            'InvalidArgumentException',
            `StartingSequenceNumber ${String(body.StartingSequenceNumber)} used in GetShardIterator on shard ${shard.id} is invalid.`,
          );
        return body.ShardIteratorType === 'AT_SEQUENCE_NUMBER' ? position : position + 1;
      }
      default:
        throw new AwsFailure(
          'ValidationException',
          "1 validation error detected: Value at 'shardIteratorType' failed to satisfy constraint: Member must satisfy enum value set: [AFTER_SEQUENCE_NUMBER, LATEST, AT_TIMESTAMP, AT_SEQUENCE_NUMBER, TRIM_HORIZON]",
        );
    }
  }

  #encode(stream: Stream, shard: Shard, position: number): string {
    const iterator: Iterator = { arn: stream.settings.arn, shard: shard.id, position, issued: this.#clock() };
    return Buffer.from(JSON.stringify(iterator)).toString('base64');
  }
}

function shardOf(stream: Stream, id: unknown): Shard {
  const shard = stream.shards.find((candidate) => candidate.id === id);
  if (!shard)
    throw new AwsFailure(
      'ResourceNotFoundException',
      `Shard ${String(id)} in stream ${stream.settings.name} not found.`,
    );
  return shard;
}

function decode(text: string): Iterator {
  try {
    const { arn, shard, position, issued } = JSON.parse(Buffer.from(text, 'base64').toString()) as Iterator;
    if (typeof arn === 'string' && typeof shard === 'string' && position >= 0 && issued > 0)
      return { arn, shard, position, issued };
  } catch {
    // falls through: the text is none of ours
  }
  throw new AwsFailure('InvalidArgumentException', 'Invalid ShardIterator.');
}
