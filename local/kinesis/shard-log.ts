import { mkdir, open, readdir, rm } from 'node:fs/promises';
import { frameBytes, type LogRecord, writeFrame } from './frame.ts';
import { Segment } from './segment.ts';

const SEGMENT_BYTES = 32 * 1024 * 1024;
/** Records kept in memory for readers that follow the tip. */
const RECENT_BYTES = 8 * 1024 * 1024;

export interface Appendable {
  partitionKey: string;
  data: Buffer;
}

/** When an append counts: after `fdatasync`, or once the operating system has it (survives the process, not a power cut). */
export type Durability = 'synced' | 'written';

interface Pending {
  records: readonly Appendable[];
  resolve(first: number): void;
  reject(failure: Error): void;
}

/**
 * The append-only log of one shard: segments on disk, group commit, recent records in memory. A record becomes readable
 * when it is durable, never before, so that no consumer can be ahead of what a restart finds.
 */
export class ShardLog {
  readonly #folder: string;
  readonly #clock: () => number;
  readonly #durability: Durability;
  #segments: Segment[] = [];
  #pending: Pending[] = [];
  #committing: Promise<void> | undefined;
  #recent: LogRecord[] = [];
  #recentBytes = 0;
  #next = 0;
  #lastArrivalMs = 0;
  #broken: Error | undefined;
  readonly #listeners = new Set<() => void>();

  private constructor(folder: string, clock: () => number, durability: Durability) {
    this.#folder = folder;
    this.#clock = clock;
    this.#durability = durability;
  }

  /** Opens the log and cuts off a torn tail. @returns the log, and how many bytes of an unfinished write were dropped. */
  static async open(options: {
    folder: string;
    clock: () => number;
    durability?: Durability;
  }): Promise<{ log: ShardLog; droppedBytes: number }> {
    await mkdir(options.folder, { recursive: true });
    const log = new ShardLog(options.folder, options.clock, options.durability ?? 'synced');
    const files = (await readdir(options.folder)).filter((file) => /^\d{20}\.log$/.test(file)).sort();
    log.#segments = files.map((file) => new Segment(options.folder, Number.parseInt(file, 10)));
    const newest = log.#segments.at(-1);
    if (!newest) {
      await log.#roll();
      return { log, droppedBytes: 0 };
    }
    for (const sealed of log.#segments.slice(0, -1)) await sealed.peek();
    const { soundBytes, next, lastArrivalMs } = await newest.recover();
    const droppedBytes = newest.bytes - soundBytes;
    if (droppedBytes > 0) {
      const handle = await newest.handle();
      await handle.truncate(soundBytes);
      await handle.datasync();
      newest.bytes = soundBytes;
    }
    log.#next = next;
    log.#lastArrivalMs = lastArrivalMs;
    return { log, droppedBytes };
  }

  /** Position that the next durable record will have. */
  get tip(): number {
    return this.#next;
  }

  /** Position of the oldest record on disk (retention may hide it already). */
  get oldest(): number {
    return this.#segments[0]?.first ?? this.#next;
  }

  /** Called after each commit. @returns how to stop it. */
  onAppend(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Appends in order. Resolves with the first record's position once all are durable; rejects if they are not. */
  append(records: readonly Appendable[]): Promise<number> {
    if (this.#broken) return Promise.reject(this.#broken);
    return new Promise((resolve, reject) => {
      this.#pending.push({ records, resolve, reject });
      this.#committing ??= this.#commit().finally(() => {
        this.#committing = undefined;
      });
    });
  }

  /** Records from `from` on: as many as fit both bounds, at least one if there is one. */
  async read(from: number, maxRecords: number, maxBytes: number): Promise<readonly LogRecord[]> {
    if (from >= this.#next) return [];
    const oldestRecent = this.#recent[0];
    if (oldestRecent && from >= oldestRecent.position) {
      const start = from - oldestRecent.position;
      let end = start;
      for (let bytes = 0; end < this.#recent.length && end - start < maxRecords; end += 1) {
        bytes += this.#recent[end]?.data.length ?? 0;
        if (end > start && bytes > maxBytes) break;
      }
      return this.#recent.slice(start, end);
    }
    const at = this.#segments.findLastIndex((segment) => segment.first <= from);
    for (const segment of this.#segments.slice(Math.max(at, 0))) {
      const found = await segment.read(from, maxRecords, maxBytes);
      if (found.length > 0) return found;
    }
    throw new Error(`${this.#folder}: the log is damaged, no readable record from position ${from} on`);
  }

  /** Position of the first record that arrived at or after `arrivalMs`; the tip if there is none. */
  async positionAt(arrivalMs: number): Promise<number> {
    const at = this.#segments.findLastIndex(
      (segment) => (segment.firstArrivalMs ?? Number.POSITIVE_INFINITY) < arrivalMs,
    );
    for (const segment of this.#segments.slice(Math.max(at, 0))) {
      const position = await segment.positionAt(arrivalMs);
      if (position !== undefined) return position;
    }
    return this.#next;
  }

  /** Deletes the segments whose every record arrived before `horizonMs`. */
  async trim(horizonMs: number): Promise<void> {
    for (;;) {
      const [oldest, successor] = this.#segments;
      if (!oldest || successor?.firstArrivalMs === undefined || successor.firstArrivalMs >= horizonMs) return;
      this.#segments.shift();
      await oldest.close();
      await rm(oldest.file, { force: true });
    }
  }

  async close(): Promise<void> {
    await this.#committing;
    this.#broken ??= new Error('the stream is closed');
    for (const segment of this.#segments) await segment.close();
  }

  async #roll(): Promise<void> {
    const segment = new Segment(this.#folder, this.#next);
    await segment.handle();
    const folder = await open(this.#folder);
    await folder.sync();
    await folder.close();
    this.#segments.push(segment);
  }

  async #commit(): Promise<void> {
    while (this.#pending.length > 0) {
      const group = this.#pending;
      this.#pending = [];
      try {
        const firsts = await this.#write(group);
        for (const [index, put] of group.entries()) put.resolve(firsts[index] as number);
      } catch (failure) {
        const error = failure instanceof Error ? failure : new Error(String(failure));
        for (const put of group) put.reject(error);
        continue;
      }
      for (const listener of this.#listeners) listener();
    }
  }

  async #write(group: readonly Pending[]): Promise<number[]> {
    if (this.#broken) throw this.#broken;
    if ((this.#segments.at(-1)?.bytes ?? 0) >= SEGMENT_BYTES) await this.#roll();
    const segment = this.#segments.at(-1) as Segment;
    const arrivalMs = Math.max(this.#lastArrivalMs, this.#clock());
    let bytes = 0;
    for (const put of group) for (const { partitionKey, data } of put.records) bytes += frameBytes(partitionKey, data);
    const block = Buffer.allocUnsafe(bytes);
    const records: LogRecord[] = [];
    const offsets: number[] = [];
    const firsts: number[] = [];
    let at = 0;
    let position = this.#next;
    for (const put of group) {
      firsts.push(position);
      for (const { partitionKey, data } of put.records) {
        const record = { position, partitionKey, data, arrivalMs };
        position += 1;
        offsets.push(segment.bytes + at);
        at = writeFrame(block, at, record);
        records.push(record);
      }
    }
    await this.#persist(segment, block);
    for (const [index, record] of records.entries()) segment.note(record, offsets[index] as number);
    segment.bytes += block.length;
    this.#next = position;
    this.#lastArrivalMs = arrivalMs;
    this.#remember(records);
    return firsts;
  }

  async #persist(segment: Segment, block: Buffer): Promise<void> {
    const handle = await segment.handle();
    try {
      for (let written = 0; written < block.length; ) {
        written += (await handle.write(block, written, block.length - written)).bytesWritten;
      }
    } catch (failure) {
      // A full disk: drop the half-written frames, so that the next put starts on a frame's edge.
      await handle.truncate(segment.bytes).catch((cause: Error) => this.#stop(cause));
      throw failure;
    }
    if (this.#durability === 'written') return;
    // After a failed fdatasync the kernel may have dropped the pages: nothing more can be promised about this file.
    await handle.datasync().catch((cause: Error) => this.#stop(cause));
  }

  #stop(cause: Error): never {
    this.#broken = new Error(`${this.#folder}: the log cannot be written any more (${cause.message})`, { cause });
    throw this.#broken;
  }

  #remember(records: readonly LogRecord[]): void {
    for (const record of records) {
      this.#recent.push(record);
      this.#recentBytes += record.data.length + 128;
    }
    if (this.#recentBytes <= RECENT_BYTES) return;
    let drop = 0;
    while (this.#recentBytes > RECENT_BYTES / 2 && drop < this.#recent.length - 1) {
      this.#recentBytes -= (this.#recent[drop]?.data.length ?? 0) + 128;
      drop += 1;
    }
    this.#recent = this.#recent.slice(drop);
  }
}
