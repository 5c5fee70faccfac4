import type { StreamRecord } from '../../kinesis/stream.ts';
import { lambdaLimits } from '../limits.ts';
import type { Verdict } from './batch-response.ts';
import type { MappingSettings } from './settings.ts';

/** Bytes that the envelope of one record adds to its base64 data in the event, at most (ids, ARNs, field names). */
const RECORD_OVERHEAD_BYTES = 800;
const FIRST_BACKOFF_MS = 100;
const LONGEST_BACKOFF_MS = 10_000;

export type Condition = 'RetryAttemptsExhausted' | 'RecordAgeExceeded';

/** What a lane needs from its mapping. */
export interface LanePort {
  clock(): number;
  /** Runs the function on a batch. `throttled`: it did not run. */
  invoke(records: readonly StreamRecord[]): Promise<Verdict | { kind: 'throttled' }>;
  /** Gives up records: they go to the failure destination. */
  discard(records: readonly StreamRecord[], condition: Condition, invocations: number): Promise<void>;
  /** The lane's oldest unfinished record has changed. */
  advanced(): void;
}

interface Chunk {
  size: number;
  failures: number;
}

/** One of a shard's concurrent consumers: takes batches in order, one at a time, and leaves a batch only when it is done or given up. */
export class Lane {
  readonly #settings: MappingSettings;
  readonly #port: LanePort;
  /** Unfinished records, oldest first; the batch under way is its head. */
  #queue: StreamRecord[] = [];
  #bytes = 0;
  #queuedSince = 0;
  #working = false;
  #stopped = false;
  #wake: (() => void) | undefined;
  #backoffMs = FIRST_BACKOFF_MS;

  constructor(settings: MappingSettings, port: LanePort) {
    this.#settings = settings;
    this.#port = port;
  }

  get oldest(): number | undefined {
    return this.#queue[0]?.position;
  }

  get length(): number {
    return this.#queue.length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  push(record: StreamRecord): void {
    if (this.#queue.length === 0) this.#queuedSince = this.#port.clock();
    this.#queue.push(record);
    this.#bytes += eventBytes(record);
    this.#wake?.();
    if (!this.#working) void this.#work();
  }

  stop(): void {
    this.#stopped = true;
    this.#wake?.();
  }

  async #work(): Promise<void> {
    this.#working = true;
    // Lets the records of one read gather before the first batch is cut.
    await Promise.resolve();
    while (this.#queue.length > 0 && !this.#stopped) {
      await this.#window();
      if (this.#stopped) break;
      await this.#finish(this.#batchSize());
      this.#queuedSince = this.#port.clock();
    }
    this.#working = false;
  }

  async #window(): Promise<void> {
    const until = this.#queuedSince + this.#settings.windowMs;
    while (
      !this.#stopped &&
      this.#queue.length < this.#settings.batchSize &&
      this.#bytes < lambdaLimits.syncPayloadBytes &&
      this.#port.clock() < until
    )
      await this.#sleep(until - this.#port.clock());
  }

  /** Records that fit both the batch size and the payload limit. */
  #batchSize(): number {
    let bytes = 0;
    let size = 0;
    for (const record of this.#queue) {
      bytes += eventBytes(record);
      if (size >= this.#settings.batchSize || (size > 0 && bytes > lambdaLimits.syncPayloadBytes)) break;
      size += 1;
    }
    return size;
  }

  /** Brings the first `size` records to their end, in pieces if the batch is bisected. */
  async #finish(size: number): Promise<void> {
    const chunks: Chunk[] = [{ size, failures: 0 }];
    while (chunks.length > 0 && !this.#stopped) {
      const chunk = chunks.pop() as Chunk;
      const expired = this.#expired(chunk.size);
      if (expired > 0) {
        await this.#giveUp(expired, 'RecordAgeExceeded', chunk.failures);
        if (chunk.size > expired) chunks.push({ size: chunk.size - expired, failures: chunk.failures });
        continue;
      }
      const verdict = await this.#port.invoke(this.#queue.slice(0, chunk.size));
      if (this.#stopped) return;
      if (verdict.kind === 'done') {
        this.#drop(chunk.size);
        this.#backoffMs = FIRST_BACKOFF_MS;
        continue;
      }
      await this.#again(chunk, verdict, chunks);
    }
  }

  async #again(
    chunk: Chunk,
    verdict: Exclude<Awaited<ReturnType<LanePort['invoke']>>, { kind: 'done' }>,
    chunks: Chunk[],
  ): Promise<void> {
    const { bisect, maxRetries } = this.#settings;
    if (verdict.kind === 'throttled') chunks.push(chunk);
    else if (verdict.kind === 'from' && verdict.index > 0) {
      // The checkpoint moved: what is left is a new batch that starts with the failed record, which has failed once.
      this.#drop(verdict.index);
      if (maxRetries === 0) await this.#giveUp(chunk.size - verdict.index, 'RetryAttemptsExhausted', 1);
      else chunks.push({ size: chunk.size - verdict.index, failures: 1 });
    } else if (verdict.kind === 'failed' && bisect && chunk.size > 1) {
      // Splitting does not count as a retry.
      const left = Math.ceil(chunk.size / 2);
      chunks.push({ size: chunk.size - left, failures: chunk.failures }, { size: left, failures: chunk.failures });
    } else if (maxRetries >= 0 && chunk.failures >= maxRetries) {
      await this.#giveUp(chunk.size, 'RetryAttemptsExhausted', chunk.failures + 1);
      return;
    } else chunks.push({ size: chunk.size, failures: chunk.failures + 1 });
    await this.#pause(this.#backoffMs);
    this.#backoffMs = Math.min(this.#backoffMs * 2, LONGEST_BACKOFF_MS);
  }

  #expired(size: number): number {
    const { maxAgeMs } = this.#settings;
    if (maxAgeMs < 0) return 0;
    const horizon = this.#port.clock() - maxAgeMs;
    const live = this.#queue.slice(0, size).findIndex((record) => record.arrivalMs >= horizon);
    return live < 0 ? size : live;
  }

  async #giveUp(size: number, condition: Condition, invocations: number): Promise<void> {
    await this.#port.discard(this.#queue.slice(0, size), condition, invocations);
    if (!this.#stopped) this.#drop(size);
  }

  #drop(size: number): void {
    for (const record of this.#queue.splice(0, size)) this.#bytes -= eventBytes(record);
    this.#port.advanced();
  }

  async #pause(ms: number): Promise<void> {
    const until = performance.now() + ms;
    while (!this.#stopped && performance.now() < until) await this.#sleep(until - performance.now());
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, Math.max(ms, 1));
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

const eventBytes = (record: StreamRecord) =>
  Math.ceil(record.data.length / 3) * 4 + Buffer.byteLength(record.partitionKey) + RECORD_OVERHEAD_BYTES;
