import { AwsFailure, type AwsRequest, type AwsResponse, type AwsService, type Cloud } from '../kernel/types.ts';
import { kinesisLimits } from './limits.ts';
import { Reads } from './reads.ts';
import type { Shard, Stream } from './stream.ts';
import { SecondWindow } from './throughput.ts';

interface Entry {
  PartitionKey?: unknown;
  Data?: unknown;
  ExplicitHashKey?: unknown;
}

type Body = Record<string, unknown>;

/** Answers the SDK calls of Kinesis Data Streams (AWS JSON 1.1). Source: docs.aws.amazon.com/kinesis/latest/APIReference. */
export class KinesisService implements AwsService {
  readonly signingNames = ['kinesis'];
  readonly #cloud: Cloud;
  readonly #streams: ReadonlyMap<string, Stream>;
  readonly #throttled: boolean;
  readonly #refused: (streamArn: string) => void;
  readonly #reads: Reads;
  readonly #writes = new Map<Shard, { records: SecondWindow; bytes: SecondWindow }>();

  /** @param options.throttled whether provisioned shards refuse what is beyond 1,000 records/s or 1 MiB/s, as in AWS; `refused` hears of each. */
  constructor(
    cloud: Cloud,
    streams: ReadonlyMap<string, Stream>,
    options: { throttled: boolean; refused?: (streamArn: string) => void },
  ) {
    this.#cloud = cloud;
    this.#streams = streams;
    this.#throttled = options.throttled;
    this.#refused = options.refused ?? (() => {});
    this.#reads = new Reads({ clock: () => cloud.clock(), throttled: options.throttled });
  }

  access(request: AwsRequest) {
    const action = `kinesis:${request.target}`;
    if (request.target === 'ListStreams') return [{ action, resource: '*' }];
    return [{ action, resource: this.#arn(parse(request)) }];
  }

  async answer(request: AwsRequest): Promise<AwsResponse> {
    const body = parse(request);
    const answered = await this.#dispatch(request.target ?? '', body);
    return {
      status: 200,
      headers: { 'content-type': 'application/x-amz-json-1.1' },
      body: JSON.stringify(answered),
    };
  }

  #dispatch(target: string, body: Body): unknown {
    switch (target) {
      case 'PutRecord':
        return this.#putRecord(body);
      case 'PutRecords':
        return this.#putRecords(body);
      case 'GetShardIterator':
        return this.#reads.shardIterator(this.#stream(body), body);
      case 'GetRecords':
        return this.#reads.records(body, (arn) => this.#stream({ StreamARN: arn }));
      case 'ListShards':
        return this.#listShards(body);
      case 'DescribeStream':
        return {
          StreamDescription: { ...this.#summary(body), HasMoreShards: false, Shards: shardsOf(this.#stream(body)) },
        };
      case 'DescribeStreamSummary':
        return {
          StreamDescriptionSummary: {
            ...this.#summary(body),
            OpenShardCount: this.#stream(body).shards.length,
            ConsumerCount: 0,
          },
        };
      case 'ListStreams': {
        const streams = [...this.#streams.values()];
        return {
          StreamNames: streams.map(({ settings }) => settings.name),
          StreamSummaries: streams.map(({ settings }) => ({
            StreamName: settings.name,
            StreamARN: settings.arn,
            StreamStatus: 'ACTIVE',
            StreamModeDetails: { StreamMode: settings.mode },
          })),
          HasMoreStreams: false,
        };
      }
      default:
        throw new AwsFailure('UnknownOperationException', `kinesis:${target} is not emulated`);
    }
  }

  async #putRecord(body: Body): Promise<unknown> {
    const stream = this.#stream(body);
    const entry = parseEntry(body, stream);
    this.#admit(stream, entry);
    const [result] = await stream.append([entry]);
    if (result?.status !== 'fulfilled') throw new AwsFailure('InternalFailure', String(result?.reason), 500);
    return { ShardId: result.value.shardId, SequenceNumber: result.value.sequenceNumber, ...encryption(stream) };
  }

  async #putRecords(body: Body): Promise<unknown> {
    const stream = this.#stream(body);
    const given = body.Records;
    if (!Array.isArray(given) || given.length === 0 || given.length > kinesisLimits.putRecordsCount)
      throw invalid(
        `1 validation error detected: Value at 'records' failed to satisfy constraint: Member must have length less than or equal to ${kinesisLimits.putRecordsCount} and greater than or equal to 1`,
      );
    const entries = (given as Entry[]).map((entry) => parseEntry(entry, stream));
    const bytes = entries.reduce((sum, entry) => sum + sizeOf(entry), 0);
    if (bytes > kinesisLimits.putRecordsBytes)
      throw new AwsFailure('InvalidArgumentException', `Records size exceeds ${kinesisLimits.putRecordsBytes} bytes`);
    const answers: Record<string, unknown>[] = entries.map(() => ({}));
    const admitted = entries
      .map((entry, index) => ({ entry, index }))
      .filter(({ entry, index }) => {
        try {
          this.#admit(stream, entry);
          return true;
        } catch (failure) {
          answers[index] = { ErrorCode: (failure as AwsFailure).code, ErrorMessage: (failure as AwsFailure).message };
          return false;
        }
      });
    const results = await stream.append(admitted.map(({ entry }) => entry));
    for (const [order, result] of results.entries()) {
      answers[admitted[order]?.index ?? 0] =
        result.status === 'fulfilled'
          ? { SequenceNumber: result.value.sequenceNumber, ShardId: result.value.shardId }
          : { ErrorCode: 'InternalFailure', ErrorMessage: 'Internal service failure.' };
    }
    const failed = answers.filter((answer) => answer.ErrorCode !== undefined).length;
    return { FailedRecordCount: failed, Records: answers, ...encryption(stream) };
  }

  #admit(stream: Stream, entry: { partitionKey: string; data: Buffer; explicitHashKey?: string | undefined }): void {
    if (!this.#throttled || stream.settings.mode !== 'PROVISIONED') return;
    const shard = stream.shardOf(entry.partitionKey, entry.explicitHashKey);
    const windows = this.#writes.get(shard) ?? {
      records: new SecondWindow(kinesisLimits.shardRecordsPerSecond),
      bytes: new SecondWindow(Math.max(kinesisLimits.shardBytesPerSecond, stream.settings.maxRecordBytes)),
    };
    this.#writes.set(shard, windows);
    const now = this.#cloud.clock();
    if (!windows.records.admits(1, now) || !windows.bytes.admits(sizeOf(entry), now)) {
      this.#refused(stream.settings.arn);
      throw new AwsFailure(
        'ProvisionedThroughputExceededException',
        `Rate exceeded for shard ${shard.id} in stream ${stream.settings.name} under account ${this.#cloud.accountId}.`,
      );
    }
    windows.records.take(1);
    windows.bytes.take(sizeOf(entry));
  }

  #listShards(body: Body): unknown {
    if (body.NextToken !== undefined) throw new AwsFailure('ExpiredNextTokenException', 'The token is not known.');
    const shards = shardsOf(this.#stream(body));
    const after = body.ExclusiveStartShardId;
    return { Shards: typeof after === 'string' ? shards.filter(({ ShardId }) => ShardId > after) : shards };
  }

  #summary(body: Body) {
    const { settings, createdAt } = this.#stream(body);
    return {
      StreamName: settings.name,
      StreamARN: settings.arn,
      StreamStatus: 'ACTIVE',
      StreamModeDetails: { StreamMode: settings.mode },
      RetentionPeriodHours: settings.retentionHours,
      StreamCreationTimestamp: createdAt / 1000,
      EnhancedMonitoring: [{ ShardLevelMetrics: [] }],
      EncryptionType: settings.keyId ? 'KMS' : 'NONE',
      ...(settings.keyId ? { KeyId: settings.keyId } : {}),
      MaxRecordSizeInKiB: settings.maxRecordBytes / 1024,
    };
  }

  #arn(body: Body): string {
    if (typeof body.StreamARN === 'string') return body.StreamARN;
    if (typeof body.StreamName === 'string') return this.#cloud.arn('kinesis', `stream/${body.StreamName}`);
    if (typeof body.ShardIterator === 'string') return this.#reads.streamArnOf(body.ShardIterator);
    throw invalid('Either StreamName or StreamARN must be given');
  }

  #stream(body: Body): Stream {
    const arn = this.#arn(body);
    const stream = this.#streams.get(arn);
    if (!stream)
      throw new AwsFailure(
        'ResourceNotFoundException',
        `Stream ${arn.split('/').at(-1)} under account ${this.#cloud.accountId} not found.`,
      );
    return stream;
  }
}

function parseEntry(entry: Entry, stream: Stream) {
  const { PartitionKey: key, Data: data, ExplicitHashKey: hashKey } = entry;
  if (typeof key !== 'string' || key.length < 1 || key.length > kinesisLimits.partitionKeyChars)
    throw invalid(
      `1 validation error detected: Value at 'partitionKey' failed to satisfy constraint: Member must have length between 1 and ${kinesisLimits.partitionKeyChars}`,
    );
  if (typeof data !== 'string') throw new AwsFailure('SerializationException', 'Data must be base64 text');
  if (
    hashKey !== undefined &&
    (typeof hashKey !== 'string' || !/^(0|[1-9]\d{0,38})$/.test(hashKey) || BigInt(hashKey) >> 128n)
  )
    throw new AwsFailure(
      'InvalidArgumentException',
      `Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1].`,
    );
  const parsed = {
    partitionKey: key,
    data: Buffer.from(data, 'base64'),
    explicitHashKey: hashKey as string | undefined,
  };
  if (sizeOf(parsed) > stream.settings.maxRecordBytes)
    throw invalid(
      `1 validation error detected: Value at 'data' failed to satisfy constraint: Member must have length less than or equal to ${stream.settings.maxRecordBytes}`,
    );
  return parsed;
}

/** API_PutRecordsRequestEntry: the limit counts the data before base64 and the key. */
const sizeOf = (entry: { partitionKey: string; data: Buffer }) =>
  entry.data.length + Buffer.byteLength(entry.partitionKey);

const shardsOf = (stream: Stream) =>
  stream.shards.map((shard) => ({
    ShardId: shard.id,
    HashKeyRange: { StartingHashKey: String(shard.startingHash), EndingHashKey: String(shard.endingHash) },
    SequenceNumberRange: { StartingSequenceNumber: shard.sequenceNumber(0) },
  }));

const encryption = (stream: Stream) => ({ EncryptionType: stream.settings.keyId ? 'KMS' : 'NONE' });

const invalid = (message: string) => new AwsFailure('ValidationException', message);

function parse(request: AwsRequest): Body {
  try {
    return JSON.parse(request.body.toString() || '{}') as Body;
  } catch {
    throw new AwsFailure('SerializationException', 'The body is not JSON');
  }
}
