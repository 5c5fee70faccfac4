import { join } from 'node:path';
import { AwsFailure, type Cloud, type InvocationResult } from '../../kernel/types.ts';
import { Checkpoints } from '../../kinesis/checkpoints.ts';
import type { Shard, Stream, StreamRecord } from '../../kinesis/stream.ts';
import type { Destinations } from '../destinations.ts';
import type { LambdaFunction } from '../function.ts';
import { streamVerdict } from './batch-response.ts';
import { matches } from './event-pattern.ts';
import { failureKey, failureRecord } from './failure-record.ts';
import type { Condition, LanePort } from './lane.ts';
import type { MappingSettings } from './settings.ts';
import { ShardReader } from './shard-reader.ts';

/** How often a refused mapping asks again, ms. */
const DENIED_RETRY_MS = 1000;

/** The actions Lambda's poller needs of the function's role. Source: lambda/latest/dg/with-kinesis.html, permissions. */
const NEEDED = ['kinesis:DescribeStream', 'kinesis:ListShards', 'kinesis:GetShardIterator', 'kinesis:GetRecords'];

/** Feeds a stream to a function as AWS does: per shard as many lanes as the parallelization factor, order kept by partition key. */
export class StreamMapping {
  readonly settings: MappingSettings;
  readonly #cloud: Cloud;
  readonly #stream: Stream;
  readonly #target: LambdaFunction;
  readonly #destinations: Destinations;
  readonly #checkpoints: Checkpoints;
  readonly #readers: ShardReader[];
  #denied: string | undefined;
  #checkedAt = 0;
  lastResult = 'No records processed';

  constructor(options: {
    settings: MappingSettings;
    cloud: Cloud;
    stream: Stream;
    target: LambdaFunction;
    destinations: Destinations;
  }) {
    this.settings = options.settings;
    this.#cloud = options.cloud;
    this.#stream = options.stream;
    this.#target = options.target;
    this.#destinations = options.destinations;
    const file = join(options.cloud.stateDir, 'lambda', 'checkpoints', `${options.settings.uuid}.json`);
    this.#checkpoints = new Checkpoints(file);
    this.#readers = options.stream.shards.map(
      (shard) => new ShardReader(shard, this, this.#checkpoints, DENIED_RETRY_MS),
    );
  }

  /** For the console: where each shard's consumption stands, records behind the tip, and the age of the oldest of them. */
  lag(): { shardId: string; records: number }[] {
    return this.#readers.map(({ shard, checkpoint }) => ({ shardId: shard.id, records: shard.tip - checkpoint }));
  }

  get functionArn(): string {
    return this.#target.settings.arn;
  }

  get streamArn(): string {
    return this.settings.eventSourceArn;
  }

  async start(): Promise<void> {
    for (const reader of this.#readers) await reader.place();
    await this.#checkpoints.flush();
    if (this.settings.enabled) for (const reader of this.#readers) void reader.run();
  }

  async stop(): Promise<void> {
    for (const reader of this.#readers) reader.stop();
    await this.#checkpoints.close();
  }

  clock(): number {
    return this.#cloud.clock();
  }

  /** Whether the function's role may read the stream; asked again each second, and said once when it changes. */
  permitted(): boolean {
    const now = this.#cloud.clock();
    if (now - this.#checkedAt < DENIED_RETRY_MS) return this.#denied === undefined;
    this.#checkedAt = now;
    const { principal } = this.#target;
    // The poller is Lambda's own: it reads for the role, but not from the function's network.
    const reader = principal.kind === 'role' ? ({ kind: 'role', roleArn: principal.roleArn } as const) : principal;
    const denied = NEEDED.find(
      (action) => !this.#cloud.allowed({ principal: reader, action, resource: this.streamArn }),
    );
    if (denied !== this.#denied && denied !== undefined) {
      this.lastResult = `PROBLEM: Cannot access stream ${this.streamArn}: the function's role lacks ${denied} (or its key's kms:Decrypt)`;
      this.say(this.lastResult);
    }
    this.#denied = denied;
    return denied === undefined;
  }

  passes(record: StreamRecord): boolean {
    const { filters } = this.settings;
    if (filters.length === 0) return true;
    const document = { partitionKey: record.partitionKey, data: parsed(record.data) };
    return filters.some((filter) => matches(filter, document));
  }

  async invoke(shard: Shard, records: readonly StreamRecord[]): ReturnType<LanePort['invoke']> {
    let result: InvocationResult;
    try {
      result = await this.#target.invoke(this.#event(shard, records));
    } catch (failure) {
      if (failure instanceof AwsFailure && failure.status === 429) return { kind: 'throttled' };
      return { kind: 'failed', why: (failure as Error).message };
    }
    this.#iteratorAge(records);
    const verdict = this.#verdict(result, records);
    this.lastResult = verdict.kind === 'done' ? 'OK' : 'PROBLEM: Function call failed';
    return verdict;
  }

  async discard(
    shard: Shard,
    records: readonly StreamRecord[],
    condition: Condition,
    invocations: number,
  ): Promise<void> {
    const { onFailure, uuid } = this.settings;
    this.say(`${records.length} records of ${shard.id} given up: ${condition}`);
    if (onFailure === undefined) return;
    const now = this.#cloud.clock();
    const requestId = crypto.randomUUID();
    const { functionArn, streamArn } = this;
    const document = failureRecord({
      records,
      condition,
      invocations,
      requestId,
      functionArn,
      streamArn,
      shardId: shard.id,
      now,
    });
    const { principal } = this.#target;
    const as = principal.kind === 'role' ? ({ kind: 'role', roleArn: principal.roleArn } as const) : principal;
    try {
      if (onFailure.startsWith('arn:aws:s3:::')) {
        const body = JSON.stringify({ ...document, payload: this.#event(shard, records) });
        await this.#destinations.putObject(as, onFailure, failureKey(uuid, shard.id, now), body);
      } else await this.#destinations.send(as, onFailure, document);
    } catch (failure) {
      this.say(`cannot deliver to ${onFailure}: ${(failure as Error).message}`);
      this.#metric('DestinationDeliveryFailures', 1, 'Count');
    }
  }

  say(text: string): void {
    this.#cloud.log({ source: this.#target.settings.name, time: this.#cloud.clock(), text });
  }

  #verdict(result: InvocationResult, records: readonly StreamRecord[]) {
    if (result.functionError) return { kind: 'failed', why: result.functionError.errorMessage } as const;
    if (!this.settings.reportFailures) return { kind: 'done' } as const;
    return streamVerdict(
      result.payload,
      records.map(({ sequenceNumber }) => sequenceNumber),
    );
  }

  #event(shard: Shard, records: readonly StreamRecord[]): string {
    return JSON.stringify({
      Records: records.map((record) => ({
        kinesis: {
          kinesisSchemaVersion: '1.0',
          partitionKey: record.partitionKey,
          sequenceNumber: record.sequenceNumber,
          data: record.data.toString('base64'),
          approximateArrivalTimestamp: record.arrivalMs / 1000,
        },
        eventSource: 'aws:kinesis',
        eventVersion: '1.0',
        eventID: `${shard.id}:${record.sequenceNumber}`,
        eventName: 'aws:kinesis:record',
        invokeIdentityArn: this.#target.settings.roleArn,
        awsRegion: this.#cloud.region,
        eventSourceARN: this.#stream.settings.arn,
      })),
    });
  }

  #iteratorAge(records: readonly StreamRecord[]): void {
    const last = records.at(-1);
    if (last) this.#metric('IteratorAge', Math.max(0, this.#cloud.clock() - last.arrivalMs), 'Milliseconds');
  }

  #metric(name: string, value: number, unit: string): void {
    const dimensions = { FunctionName: this.#target.settings.name };
    this.#cloud.metric({ namespace: 'AWS/Lambda', name, dimensions, value, unit, time: this.#cloud.clock() });
  }
}

function parsed(data: Buffer): unknown {
  try {
    return JSON.parse(data.toString());
  } catch {
    return data.toString();
  }
}
