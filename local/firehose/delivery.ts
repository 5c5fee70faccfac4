import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import type { Cloud, Principal } from '../kernel/types.ts';
import { Checkpoints } from '../kinesis/checkpoints.ts';
import type { Shard, Stream } from '../kinesis/stream.ts';
import { expandPrefix } from './prefix.ts';

const READ_RECORDS = 5000;
const READ_BYTES = 4 * 1024 * 1024;
const POLL_MS = 1000;
const LONGEST_PAUSE_MS = 60_000;

export interface DeliverySettings {
  name: string;
  sourceRoleArn: string;
  bucket: string;
  bucketRoleArn: string;
  prefix: string;
  bufferBytes: number;
  bufferMs: number;
  gzip: boolean;
  kmsKeyArn?: string;
  /** Ends each record with a line feed. */
  delimited: boolean;
}

const NEEDED = ['kinesis:DescribeStream', 'kinesis:GetShardIterator', 'kinesis:GetRecords'];

/**
 * Carries a stream into a bucket: buffers by size and time, writes one object, then moves the checkpoint. A crash between
 * the two writes the records again, as Firehose may (at least once). An outage of S3 is waited out.
 */
export class Delivery {
  readonly settings: DeliverySettings;
  readonly #cloud: Cloud;
  readonly #stream: Stream;
  readonly #checkpoints: Checkpoints;
  readonly #positions = new Map<Shard, number>();
  #buffer: Buffer[] = [];
  #bytes = 0;
  #since = 0;
  #stopped = false;
  #wake: (() => void) | undefined;
  #running: Promise<void> | undefined;
  #pauseMs = POLL_MS;

  constructor(settings: DeliverySettings, cloud: Cloud, stream: Stream) {
    this.settings = settings;
    this.#cloud = cloud;
    this.#stream = stream;
    this.#checkpoints = new Checkpoints(join(cloud.stateDir, 'firehose', `${settings.name}.json`));
    for (const shard of stream.shards) this.#positions.set(shard, this.#checkpoints.get(shard.id) ?? shard.oldest);
  }

  start(): void {
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#wake?.();
    await this.#running;
    await this.#checkpoints.close();
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      try {
        this.#authoriseReading();
        const read = await this.#fill();
        const due = this.#bytes > 0 && this.#cloud.clock() - this.#since >= this.settings.bufferMs;
        if (this.#bytes >= this.settings.bufferBytes || due) await this.#deliver();
        this.#pauseMs = POLL_MS;
        if (read) continue;
      } catch (failure) {
        const text = `${this.settings.name} cannot deliver: ${(failure as Error).message}`;
        this.#cloud.log({ source: 'firehose', time: this.#cloud.clock(), text });
        this.#pauseMs = Math.min(this.#pauseMs * 2, LONGEST_PAUSE_MS);
      }
      await this.#sleep(this.#pauseMs);
    }
  }

  #authoriseReading(): void {
    const principal: Principal = { kind: 'role', roleArn: this.settings.sourceRoleArn };
    for (const action of NEEDED) this.#cloud.authorise({ principal, action, resource: this.#stream.settings.arn });
  }

  /** Reads on until the buffer is full. @returns whether any shard had more. */
  async #fill(): Promise<boolean> {
    let more = false;
    for (const [shard, position] of this.#positions) {
      if (this.#bytes >= this.settings.bufferBytes) return false;
      const { records, next } = await shard.read(position, READ_RECORDS, READ_BYTES);
      this.#positions.set(shard, next);
      if (records.length === 0) continue;
      if (this.#bytes === 0) this.#since = this.#cloud.clock();
      more ||= next < shard.tip;
      for (const { data } of records) {
        this.#buffer.push(data);
        this.#bytes += data.length;
        if (this.settings.delimited) this.#buffer.push(LINE_FEED);
      }
    }
    return more;
  }

  async #deliver(): Promise<void> {
    const { settings } = this;
    const time = new Date(this.#cloud.clock());
    const folder = expandPrefix(settings.prefix, { time, random: () => randomUUID().slice(0, 11) });
    const stamp = time.toISOString().slice(0, 19).replaceAll(/[T:]/g, '-');
    const key = `${folder}${settings.name}-1-${stamp}-${randomUUID()}${settings.gzip ? '.gz' : ''}`;
    const plain = Buffer.concat(this.#buffer);
    const body = settings.gzip ? await promisify(gzip)(plain) : plain;
    const client = new S3Client({
      region: this.#cloud.region,
      endpoint: this.#cloud.endpoint,
      credentials: this.#cloud.credentials({ kind: 'role', roleArn: settings.bucketRoleArn }),
      forcePathStyle: true,
    });
    try {
      await client.send(
        new PutObjectCommand({
          Bucket: settings.bucket,
          Key: key,
          Body: body,
          ContentType: 'application/octet-stream',
          ...(settings.kmsKeyArn ? { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: settings.kmsKeyArn } : {}),
        }),
      );
    } finally {
      client.destroy();
    }
    this.#buffer = [];
    this.#bytes = 0;
    for (const [shard, position] of this.#positions) this.#checkpoints.set(shard.id, position);
    await this.#checkpoints.flush();
    const dimensions = { DeliveryStreamName: settings.name };
    const metric = { namespace: 'AWS/Firehose', dimensions, time: time.getTime() };
    this.#cloud.metric({ ...metric, name: 'DeliveryToS3.Bytes', value: plain.length, unit: 'Bytes' });
    this.#cloud.metric({ ...metric, name: 'DeliveryToS3.Success', value: 1, unit: 'Count' });
    const freshnessS = (this.#cloud.clock() - this.#since) / 1000;
    this.#cloud.metric({ ...metric, name: 'DeliveryToS3.DataFreshness', value: freshnessS, unit: 'Seconds' });
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      if (this.#stopped) return resolve();
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

const LINE_FEED = Buffer.from('\n');
