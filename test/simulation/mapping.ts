import { type Chaos, Process } from './chaos.ts';
import { type Shard, Stream, type StreamRecord } from './stream.ts';
import type { VirtualTime } from './virtual-time.ts';

/** An execution environment of the consumer. */
export interface Environment {
  process: Process;
  consume(records: readonly Uint8Array[]): Promise<unknown>;
}

/** Pause before a failed batch is tried again, ms. */
const RETRY_MS = 500;

/**
 * An event-source mapping: a poller for each shard, batches split by key over several environments, a failed batch bisected and
 * tried again until it succeeds, the checkpoint moved when all of it did. A poller that ends begins again at the checkpoint, an
 * environment that ends is replaced.
 */
export class Mapping {
  readonly #chaos: Chaos;
  readonly #time: VirtualTime;
  readonly #stream: Stream;
  readonly #open: () => Environment;
  readonly #environments: Environment[] = [];
  readonly #polled = new Set<Shard>();
  readonly #checkpointFirst: boolean;
  #stopped = false;

  constructor(options: {
    chaos: Chaos;
    time: VirtualTime;
    stream: Stream;
    open: () => Environment;
    /** A fault to be found: the checkpoint is moved before the batch is stored. */
    checkpointFirst: boolean;
  }) {
    this.#chaos = options.chaos;
    this.#time = options.time;
    this.#stream = options.stream;
    this.#open = options.open;
    this.#checkpointFirst = options.checkpointFirst;
  }

  /** Polls until stopped. */
  async run(): Promise<void> {
    while (!this.#stopped) {
      for (const shard of this.#stream.shards) {
        if (this.#polled.has(shard) || !Stream.ready(shard)) continue;
        this.#polled.add(shard);
        this.#keepPolling(shard);
      }
      await this.#stream.changed.wait();
    }
  }

  stop(): void {
    this.#stopped = true;
    this.#stream.changed.fire();
  }

  async #keepPolling(shard: Shard): Promise<void> {
    while (!this.#stopped && !(shard.closed && shard.checkpoint === shard.records.length)) {
      const poller = new Process();
      await Promise.race([this.#poll(shard, poller).catch(() => {}), poller.killed]);
      poller.kill();
      await this.#time.sleep(RETRY_MS);
    }
  }

  async #poll(shard: Shard, poller: Process): Promise<void> {
    while (poller.alive && !this.#stopped) {
      const batch = shard.records.slice(shard.checkpoint, shard.checkpoint + 1 + this.#chaos.below(12));
      if (batch.length === 0) {
        if (shard.closed) return;
        await this.#stream.changed.wait();
        continue;
      }
      const until = shard.checkpoint + batch.length;
      if (this.#checkpointFirst) shard.checkpoint = until;
      const lanes = 1 + this.#chaos.below(4);
      const byLane = Map.groupBy(batch, ({ key }) => key.length * 7 + key.charCodeAt(key.length - 1)).values();
      const parts: StreamRecord[][] = Array.from({ length: lanes }, () => []);
      for (const [index, records] of [...byLane].entries()) parts[index % lanes]?.push(...records);
      await Promise.all(parts.map((part) => this.#deliver(part, poller)));
      await this.#chaos.effect(poller, `checkpoint ${shard.id}`, () => {
        shard.checkpoint = until;
        this.#stream.changed.fire();
      });
    }
  }

  async #deliver(records: readonly StreamRecord[], poller: Process): Promise<void> {
    if (records.length === 0) return;
    while (poller.alive) {
      await this.#chaos.effect(poller, 'invoke', () => {});
      if (await this.#invoke(records)) return;
      await this.#time.sleep(RETRY_MS);
      if (records.length === 1) continue;
      const middle = records.length >> 1;
      await this.#deliver(records.slice(0, middle), poller);
      return this.#deliver(records.slice(middle), poller);
    }
  }

  /** False: the function failed or its environment ended. */
  async #invoke(records: readonly StreamRecord[]): Promise<boolean> {
    const environment = this.#environments.pop() ?? this.#open();
    const outcome = environment.consume(records.map(({ data }) => data)).then(
      () => true,
      () => false,
    );
    const done = await Promise.race([outcome, environment.process.killed.then(() => false)]);
    if (environment.process.alive) this.#environments.push(environment);
    return done;
  }
}
