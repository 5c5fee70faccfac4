import type { PutRecordsCommand } from '@aws-sdk/client-kinesis';
import type { Chaos, Process } from './chaos.ts';
import { Signal } from './virtual-time.ts';

export interface StreamRecord {
  sequence: number;
  key: string;
  data: Uint8Array;
}

/** A shard: the records of a range of hashes. A closed one takes no more and is followed by its children. */
export interface Shard {
  id: number;
  from: number;
  /** Exclusive. */
  to: number;
  parents: readonly Shard[];
  closed: boolean;
  records: StreamRecord[];
  /** Records before this index are done with; durable. */
  checkpoint: number;
}

const HASHES = 0x1_0000_0000;

/** FNV-1a, 32 bits. */
const hashOf = (key: string): number => {
  let hash = 0x811c9dc5;
  for (const letter of Buffer.from(key)) hash = Math.imul(hash ^ letter, 0x01000193);
  return hash >>> 0;
};

/** A stream with shards: durable, ordered by key, refusing single records when it is throttled, resharded while it is read. */
export class Stream {
  readonly shards: Shard[] = [];
  /** Records have come, shards were closed or opened, or a shard is done with. */
  readonly changed = new Signal();
  readonly #chaos: Chaos;
  /** Share of records that a request's throttle refuses. */
  #refused: number;
  #sequence = 0;

  constructor(chaos: Chaos, options: { refused: number; shards: number }) {
    this.#chaos = chaos;
    this.#refused = options.refused;
    const width = HASHES / options.shards;
    for (let i = 0; i < options.shards; i++) {
      this.#open({ from: Math.floor(i * width), to: Math.floor((i + 1) * width), parents: [] });
    }
  }

  calm(): void {
    this.#refused = 0;
  }

  #open(range: Pick<Shard, 'from' | 'to' | 'parents'>): Shard {
    const shard = { id: this.shards.length, closed: false, records: [], checkpoint: 0, ...range };
    this.shards.push(shard);
    return shard;
  }

  put(key: string, data: Uint8Array): void {
    const hash = hashOf(key);
    const shard = this.shards.find(({ closed, from, to }) => !closed && hash >= from && hash < to) as Shard;
    this.#sequence += 1;
    shard.records.push({ sequence: this.#sequence, key, data });
    this.changed.fire();
  }

  /** Splits a shard in the middle, or merges two neighbours. */
  reshard(): void {
    const open = this.shards.filter(({ closed }) => !closed).sort((a, b) => a.from - b.from);
    const at = this.#chaos.below(open.length);
    const shard = open[at] as Shard;
    const next = open[at + 1];
    if (next && this.#chaos.happens(0.5)) {
      shard.closed = true;
      next.closed = true;
      this.#open({ from: shard.from, to: next.to, parents: [shard, next] });
    } else if (shard.to - shard.from > 1) {
      shard.closed = true;
      const middle = shard.from + Math.floor((shard.to - shard.from) / 2);
      this.#open({ from: shard.from, to: middle, parents: [shard] });
      this.#open({ from: middle, to: shard.to, parents: [shard] });
    }
    this.changed.fire();
    this.#chaos.note(`resharded into ${this.shards.length}`);
  }

  /** Whether a shard's turn has come: everything before it is done with. */
  static ready = (shard: Shard): boolean =>
    shard.parents.every((parent) => parent.closed && parent.checkpoint === parent.records.length);

  get drained(): boolean {
    return this.shards.every(({ checkpoint, records }) => checkpoint === records.length);
  }

  /** What of `@aws-sdk/client-kinesis` a writer uses, on behalf of a process. */
  client(process: Process) {
    return {
      send: ({ input }: PutRecordsCommand) =>
        this.#chaos.effect(process, 'put records', () => {
          const throttled = this.#chaos.happens(this.#refused);
          return {
            Records: (input.Records ?? []).map(({ PartitionKey = '', Data = new Uint8Array() }) => {
              if (throttled && this.#chaos.happens(0.5)) {
                return { ErrorCode: 'ProvisionedThroughputExceededException' };
              }
              this.put(PartitionKey, Data);
              return { SequenceNumber: String(this.#sequence) };
            }),
          };
        }),
    };
  }
}
