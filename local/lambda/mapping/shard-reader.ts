import type { Checkpoints } from '../../kinesis/checkpoints.ts';
import type { Shard, StreamRecord } from '../../kinesis/stream.ts';
import { type Condition, Lane, type LanePort } from './lane.ts';
import type { MappingSettings } from './settings.ts';

const READ_RECORDS = 1000;
const READ_BYTES = 6 * 1024 * 1024;
/** A shard's reader pauses when its lanes hold this much. */
const QUEUED_BYTES = 24 * 1024 * 1024;
const IDLE_POLL_MS = 1000;

/** What a shard's reader needs from its mapping. */
export interface FedMapping {
  readonly settings: MappingSettings;
  clock(): number;
  permitted(): boolean;
  passes(record: StreamRecord): boolean;
  invoke(shard: Shard, records: readonly StreamRecord[]): ReturnType<LanePort['invoke']>;
  discard(shard: Shard, records: readonly StreamRecord[], condition: Condition, invocations: number): Promise<void>;
  say(text: string): void;
}

/** Follows one shard: reads ahead in order, hands records to the lanes, keeps the checkpoint at the oldest unfinished one. */
export class ShardReader {
  readonly shard: Shard;
  readonly #mapping: FedMapping;
  readonly #deniedRetryMs: number;
  readonly #checkpoints: Checkpoints;
  readonly #lanes: Lane[];
  #at = 0;
  #stopped = false;
  #wake: (() => void) | undefined;
  #unsubscribe: (() => void) | undefined;

  constructor(shard: Shard, mapping: FedMapping, checkpoints: Checkpoints, deniedRetryMs: number) {
    this.#deniedRetryMs = deniedRetryMs;
    this.shard = shard;
    this.#mapping = mapping;
    this.#checkpoints = checkpoints;
    const port: LanePort = {
      clock: () => mapping.clock(),
      invoke: (records) => mapping.invoke(shard, records),
      discard: (records, condition, invocations) => mapping.discard(shard, records, condition, invocations),
      advanced: () => {
        this.#save();
        this.#wake?.();
      },
    };
    this.#lanes = Array.from({ length: mapping.settings.parallelization }, () => new Lane(mapping.settings, port));
  }

  get checkpoint(): number {
    return Math.min(this.#at, ...this.#lanes.map(({ oldest }) => oldest ?? this.#at));
  }

  /** Takes up the checkpoint, or the starting position if there is none yet (and makes that the checkpoint). */
  async place(): Promise<void> {
    const { startingPosition, startingTimestampMs } = this.#mapping.settings;
    const saved = this.#checkpoints.get(this.shard.id);
    if (saved !== undefined) this.#at = Math.min(saved, this.shard.tip);
    else if (startingPosition === 'LATEST') this.#at = this.shard.tip;
    else if (startingPosition === 'AT_TIMESTAMP') this.#at = await this.shard.positionAt(startingTimestampMs ?? 0);
    else this.#at = this.shard.oldest;
    this.#checkpoints.set(this.shard.id, this.#at);
  }

  async run(): Promise<void> {
    this.#unsubscribe = this.shard.onAppend(() => this.#wake?.());
    while (!this.#stopped) {
      try {
        if (!this.#mapping.permitted()) await this.#wait(this.#deniedRetryMs);
        else if (this.#full()) await this.#wait(IDLE_POLL_MS);
        else if (!(await this.#readOn()) && this.#at >= this.shard.tip) await this.#wait(IDLE_POLL_MS);
      } catch (failure) {
        this.#mapping.say(`cannot read ${this.shard.id}: ${(failure as Error).message}`);
        await this.#wait(IDLE_POLL_MS);
      }
    }
  }

  stop(): void {
    this.#stopped = true;
    this.#unsubscribe?.();
    for (const lane of this.#lanes) lane.stop();
    this.#wake?.();
  }

  /** @returns whether there may be more at once. */
  async #readOn(): Promise<boolean> {
    const { records, next } = await this.shard.read(this.#at, READ_RECORDS, READ_BYTES);
    for (const record of records) {
      if (!this.#mapping.passes(record)) continue;
      this.#lanes[laneOf(record.partitionKey, this.#lanes.length)]?.push(record);
    }
    this.#at = next;
    this.#save();
    return this.#at < this.shard.tip;
  }

  #full(): boolean {
    const { batchSize, parallelization } = this.#mapping.settings;
    let [queued, bytes] = [0, 0];
    for (const lane of this.#lanes) {
      queued += lane.length;
      bytes += lane.bytes;
    }
    return bytes > QUEUED_BYTES || queued > READ_RECORDS + 2 * batchSize * parallelization;
  }

  #save(): void {
    this.#checkpoints.set(this.shard.id, this.checkpoint);
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      if (this.#stopped) return resolve();
      const done = () => {
        clearTimeout(timer);
        this.#wake = undefined;
        resolve();
      };
      const timer = setTimeout(done, ms);
      this.#wake = done;
    });
  }
}

/** FNV-1a: the same key always takes the same lane, so its records keep their order. */
function laneOf(partitionKey: string, lanes: number): number {
  if (lanes === 1) return 0;
  let hash = 0x811c9dc5;
  for (let index = 0; index < partitionKey.length; index += 1)
    hash = Math.imul(hash ^ partitionKey.charCodeAt(index), 0x01000193);
  return (hash >>> 0) % lanes;
}
