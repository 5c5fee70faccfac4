import { join } from 'node:path';
import { generatedName } from '../kernel/names.ts';
import { at, textAt } from '../kernel/properties.ts';
import type { AwsService, Cloud, PendingResource, Principal, Provider } from '../kernel/types.ts';
import { kinesisLimits } from './limits.ts';
import { StreamMetrics } from './metrics.ts';
import { KinesisService } from './service.ts';
import type { Durability } from './shard-log.ts';
import { Stream } from './stream.ts';

const TRIM_EVERY_MS = 60_000;

/** The streams of the running cloud, for the parts that write or read them in process. */
export interface KinesisStreams {
  /**
   * Resolves once every record is on disk; rejects if any is not. With `as`, `kinesis:PutRecords` (and the stream's key) is authorised.
   * @throws AwsFailure if the stream does not exist or the principal may not write.
   */
  append(
    streamArn: string,
    records: readonly { partitionKey: string; data: Buffer }[],
    as?: Principal,
  ): Promise<{ shardId: string; sequenceNumber: string }[]>;
  stream(streamArn: string): Stream | undefined;
  all(): Stream[];
}

declare module '../kernel/types.ts' {
  interface Shared {
    kinesis?: KinesisStreams;
  }
}

export interface KinesisOptions {
  /** When a put is answered; `synced` unless said otherwise by stream name. */
  durability?: (streamName: string) => Durability;
  /** Refuse SDK calls beyond a shard's rates, as in AWS (in-process appends are never throttled). Default true. */
  throttled?: boolean;
}

/** AWS::Kinesis::Stream and the calls of Kinesis Data Streams, on disk logs below `<stateDir>/kinesis`. */
export function kinesis(options: KinesisOptions = {}): { provider: Provider; service: (cloud: Cloud) => AwsService } {
  const streams = new Map<string, Stream>();
  let trimmer: NodeJS.Timeout | undefined;
  let service: KinesisService | undefined;
  let metrics: StreamMetrics | undefined;
  const serve = (cloud: Cloud) => {
    if (service) return service;
    service = new KinesisService(cloud, streams, {
      throttled: options.throttled ?? true,
      refused: (streamArn) => metrics?.refused(streamArn),
    });
    Object.assign(cloud.shared, { kinesis: inProcess(cloud, streams) });
    cloud.addService(service);
    return service;
  };
  const provider: Provider = {
    types: {
      'AWS::Kinesis::Stream': {
        honours: [
          'Name',
          'ShardCount',
          'RetentionPeriodHours',
          'StreamModeDetails',
          'StreamEncryption',
          'MaxRecordSizeInKiB',
        ],
        passesOver: { Tags: 'tags decide nothing here', DesiredShardLevelMetrics: 'stream metrics only' },
      },
    },
    async create(resource, cloud) {
      serve(cloud);
      const settings = settingsOf(resource, cloud);
      if (!streams.has(settings.arn)) {
        const stream = await Stream.open({
          settings,
          folder: join(cloud.stateDir, 'kinesis', settings.name),
          clock: () => cloud.clock(),
          durability: options.durability?.(settings.name) ?? 'synced',
          warn: (text) => cloud.log({ source: 'kinesis', time: cloud.clock(), text }),
        });
        streams.set(settings.arn, stream);
      }
      return { physicalId: settings.name, attributes: { Arn: settings.arn } };
    },
    async start(cloud) {
      metrics = new StreamMetrics(cloud, streams);
      const trim = async () => {
        for (const stream of streams.values()) for (const shard of stream.shards) await shard.trim();
      };
      const trimAndTell = () =>
        void trim().catch((failure: Error) =>
          cloud.log({ source: 'kinesis', time: cloud.clock(), text: `cannot trim: ${failure.message}` }),
        );
      trimAndTell();
      trimmer = setInterval(trimAndTell, TRIM_EVERY_MS);
    },
    async stop() {
      clearInterval(trimmer);
      metrics?.stop();
      for (const stream of streams.values()) await stream.close();
      streams.clear();
    },
  };
  return { provider, service: serve };
}

function inProcess(cloud: Cloud, streams: ReadonlyMap<string, Stream>): KinesisStreams {
  return {
    async append(streamArn, records, as) {
      if (as) cloud.authorise({ principal: as, action: 'kinesis:PutRecords', resource: streamArn });
      const stream = streams.get(streamArn);
      if (!stream) throw new Error(`There is no stream ${streamArn}.`);
      const results = await stream.append(records);
      return results.map((result) => {
        if (result.status === 'rejected') throw result.reason;
        return result.value;
      });
    },
    stream: (streamArn) => streams.get(streamArn),
    all: () => [...streams.values()],
  };
}

function settingsOf(resource: PendingResource, cloud: Cloud) {
  const { properties } = resource;
  const name = textAt(properties, 'Name') ?? generatedName(resource);
  if (!kinesisLimits.streamName.test(name)) throw new Error(`${resource.path}: ${name} is not a stream name`);
  const mode = textAt(properties, 'StreamModeDetails', 'StreamMode') === 'ON_DEMAND' ? 'ON_DEMAND' : 'PROVISIONED';
  const retentionHours = Number(at(properties, 'RetentionPeriodHours') ?? kinesisLimits.minRetentionHours);
  if (retentionHours < kinesisLimits.minRetentionHours || retentionHours > kinesisLimits.maxRetentionHours)
    throw new Error(`${resource.path}: RetentionPeriodHours ${retentionHours} is outside 24–8760`);
  const recordKiB = Number(at(properties, 'MaxRecordSizeInKiB') ?? kinesisLimits.defaultRecordKiB);
  if (recordKiB < kinesisLimits.defaultRecordKiB || recordKiB > kinesisLimits.maxRecordKiB)
    throw new Error(`${resource.path}: MaxRecordSizeInKiB ${recordKiB} is outside 1024–10240`);
  const keyId = textAt(properties, 'StreamEncryption', 'KeyId');
  return {
    name,
    arn: cloud.arn('kinesis', `stream/${name}`),
    mode,
    shardCount: mode === 'ON_DEMAND' ? kinesisLimits.onDemandShards : Number(at(properties, 'ShardCount') ?? 1),
    retentionHours,
    maxRecordBytes: recordKiB * 1024,
    ...(keyId ? { keyId } : {}),
  } as const;
}
