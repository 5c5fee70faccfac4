import { hash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Appendable, type Durability, ShardLog } from './shard-log.ts';

const HASH_SPACE = 1n << 128n;
/** Digits of a sequence number: creation time and shard first, so that numbers differ between shards and streams. */
const COUNTER_DIGITS = 36;

/** A record as a consumer sees it; `arrivalMs` is epoch milliseconds. */
export interface StreamRecord {
  position: number;
  sequenceNumber: string;
  partitionKey: string;
  data: Buffer;
  arrivalMs: number;
}

/** One shard: a range of the hash space and its log. */
export class Shard {
  readonly id: string;
  readonly startingHash: bigint;
  readonly endingHash: bigint;
  readonly #log: ShardLog;
  readonly #prefix: string;
  readonly #retentionMs: () => number;
  readonly #clock: () => number;

  constructor(shard: {
    index: number;
    count: number;
    log: ShardLog;
    createdAt: number;
    retentionMs: () => number;
    clock: () => number;
  }) {
    this.id = `shardId-${String(shard.index).padStart(12, '0')}`;
    this.startingHash = (HASH_SPACE * BigInt(shard.index)) / BigInt(shard.count);
    this.endingHash = (HASH_SPACE * BigInt(shard.index + 1)) / BigInt(shard.count) - 1n;
    this.#prefix = `49${String(shard.createdAt).padStart(13, '0')}${String(shard.index).padStart(5, '0')}`;
    this.#log = shard.log;
    this.#retentionMs = shard.retentionMs;
    this.#clock = shard.clock;
  }

  /** Position that the next record will have. */
  get tip(): number {
    return this.#log.tip;
  }

  get oldest(): number {
    return this.#log.oldest;
  }

  sequenceNumber(position: number): string {
    return this.#prefix + String(position).padStart(COUNTER_DIGITS, '0');
  }

  /** @returns undefined if the number is not one of this shard's. */
  position(sequenceNumber: string): number | undefined {
    if (!sequenceNumber.startsWith(this.#prefix) || sequenceNumber.length !== this.#prefix.length + COUNTER_DIGITS)
      return undefined;
    const position = Number(sequenceNumber.slice(this.#prefix.length));
    return Number.isSafeInteger(position) ? position : undefined;
  }

  /** Resolves with the first position once every record is durable. */
  append(records: readonly Appendable[]): Promise<number> {
    return this.#log.append(records);
  }

  onAppend(listener: () => void): () => void {
    return this.#log.onAppend(listener);
  }

  /**
   * Records from `from` on that retention still holds: at least one if there is one, within both bounds.
   * `next` is where to go on, also when expired records were passed over.
   */
  async read(from: number, maxRecords: number, maxBytes: number): Promise<{ records: StreamRecord[]; next: number }> {
    const horizon = this.#clock() - this.#retentionMs();
    let next = Math.max(from, this.#log.oldest);
    for (;;) {
      const found = await this.#log.read(next, maxRecords, maxBytes);
      if (found.length === 0) return { records: [], next };
      next = (found.at(-1)?.position ?? next) + 1;
      const records = found
        .filter((record) => record.arrivalMs >= horizon)
        .map((record) => ({ ...record, sequenceNumber: this.sequenceNumber(record.position) }));
      if (records.length > 0) return { records, next };
    }
  }

  positionAt(arrivalMs: number): Promise<number> {
    return this.#log.positionAt(arrivalMs);
  }

  trim(): Promise<void> {
    return this.#log.trim(this.#clock() - this.#retentionMs());
  }

  close(): Promise<void> {
    return this.#log.close();
  }
}

export interface StreamSettings {
  name: string;
  arn: string;
  mode: 'PROVISIONED' | 'ON_DEMAND';
  shardCount: number;
  retentionHours: number;
  /** Largest record (key and data), bytes. */
  maxRecordBytes: number;
  /** KMS key as the template names it. */
  keyId?: string;
}

/** A data stream whose records are on disk below `folder`. */
export class Stream {
  readonly settings: StreamSettings;
  readonly createdAt: number;
  readonly shards: readonly Shard[];

  private constructor(settings: StreamSettings, createdAt: number, shards: readonly Shard[]) {
    this.settings = settings;
    this.createdAt = createdAt;
    this.shards = shards;
  }

  static async open(options: {
    settings: StreamSettings;
    folder: string;
    clock: () => number;
    durability?: Durability;
    warn?: (text: string) => void;
  }): Promise<Stream> {
    const { settings, folder, clock } = options;
    await mkdir(folder, { recursive: true });
    const identity = await readIdentity(join(folder, 'stream.json'), {
      createdAt: clock(),
      shards: settings.shardCount,
    });
    if (identity.shards !== settings.shardCount) {
      throw new Error(
        `stream ${settings.name} has ${identity.shards} shards on disk and ${settings.shardCount} in the template; resharding is not emulated: start with --fresh`,
      );
    }
    const shards: Shard[] = [];
    for (let index = 0; index < settings.shardCount; index += 1) {
      const shardFolder = join(folder, String(index).padStart(5, '0'));
      const { log, droppedBytes } = await ShardLog.open({
        folder: shardFolder,
        clock,
        ...(options.durability ? { durability: options.durability } : {}),
      });
      if (droppedBytes > 0) options.warn?.(`${settings.name}: dropped ${droppedBytes} bytes of an unfinished write`);
      shards.push(
        new Shard({
          index,
          count: settings.shardCount,
          log,
          createdAt: identity.createdAt,
          retentionMs: () => settings.retentionHours * 3_600_000,
          clock,
        }),
      );
    }
    return new Stream(settings, identity.createdAt, shards);
  }

  /** The shard of a partition key: MD5 as a 128-bit number. API_PutRecord. */
  shardOf(partitionKey: string, explicitHashKey?: string): Shard {
    const point = explicitHashKey === undefined ? BigInt(`0x${hash('md5', partitionKey)}`) : BigInt(explicitHashKey);
    return this.shards[Number((point * BigInt(this.shards.length)) / HASH_SPACE)] as Shard;
  }

  /** Appends to the records' shards; each result once its shard has it on disk, in the order given. */
  async append(
    records: readonly { partitionKey: string; data: Buffer; explicitHashKey?: string | undefined }[],
  ): Promise<PromiseSettledResult<{ shardId: string; sequenceNumber: string }>[]> {
    const byShard = new Map<Shard, number[]>();
    for (const [index, record] of records.entries()) {
      const shard = this.shardOf(record.partitionKey, record.explicitHashKey);
      const members = byShard.get(shard);
      if (members) members.push(index);
      else byShard.set(shard, [index]);
    }
    const results = new Array<PromiseSettledResult<{ shardId: string; sequenceNumber: string }>>(records.length);
    await Promise.all(
      [...byShard].map(async ([shard, members]) => {
        try {
          const first = await shard.append(members.map((index) => records[index] as Appendable));
          for (const [order, index] of members.entries())
            results[index] = {
              status: 'fulfilled',
              value: { shardId: shard.id, sequenceNumber: shard.sequenceNumber(first + order) },
            };
        } catch (reason) {
          for (const index of members) results[index] = { status: 'rejected', reason };
        }
      }),
    );
    return results;
  }

  async close(): Promise<void> {
    for (const shard of this.shards) await shard.close();
  }
}

async function readIdentity(
  file: string,
  fresh: { createdAt: number; shards: number },
): Promise<{ createdAt: number; shards: number }> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as typeof fresh;
  } catch (failure) {
    if ((failure as NodeJS.ErrnoException).code !== 'ENOENT') throw failure;
    await writeFile(file, JSON.stringify(fresh), { flush: true });
    return fresh;
  }
}
