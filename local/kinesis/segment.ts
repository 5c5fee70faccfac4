import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { type LogRecord, readFrame } from './frame.ts';

/** One index entry stands for the records of this many bytes. */
const INDEX_STEP_BYTES = 64 * 1024;
const SCAN_BYTES = 1024 * 1024;
/** Largest frame with room to spare: a window of this size always holds a whole frame. */
const LARGEST_FRAME_BYTES = 11 * 1024 * 1024 + 64;

interface Mark {
  position: number;
  offset: number;
  arrivalMs: number;
}

/**
 * One append-only file of a shard's log, named by the position of its first record. The sparse index of a sealed segment
 * is built when it is first read, so that a restart scans the newest file only.
 */
export class Segment {
  readonly file: string;
  readonly first: number;
  /** Bytes that are durable; what lies behind them is not part of the log. */
  bytes = 0;
  /** Arrival of the first record, epoch ms; undefined while empty. */
  firstArrivalMs: number | undefined;
  readonly #marks: Mark[] = [];
  #indexed = false;
  #handle: FileHandle | undefined;

  constructor(folder: string, first: number) {
    this.first = first;
    this.file = join(folder, `${String(first).padStart(20, '0')}.log`);
  }

  async handle(): Promise<FileHandle> {
    this.#handle ??= await open(this.file, 'a+');
    return this.#handle;
  }

  async close(): Promise<void> {
    await this.#handle?.close();
    this.#handle = undefined;
  }

  /** Notes a durable record; called in order. */
  note(record: LogRecord, offset: number): void {
    this.firstArrivalMs ??= record.arrivalMs;
    this.#indexed = true;
    const last = this.#marks.at(-1);
    if (last && offset - last.offset < INDEX_STEP_BYTES) return;
    this.#marks.push({ position: record.position, offset, arrivalMs: record.arrivalMs });
  }

  /** Reads the first frame only: enough for retention and time look-ups of a sealed segment. */
  async peek(): Promise<void> {
    const handle = await this.handle();
    this.bytes = (await handle.stat()).size;
    for await (const { record } of this.#frames(0)) {
      this.firstArrivalMs = record.arrivalMs;
      break;
    }
  }

  /** Walks the whole file, checks every CRC. @returns the end of the last whole frame and the position after it. */
  async recover(): Promise<{ soundBytes: number; next: number; lastArrivalMs: number }> {
    const handle = await this.handle();
    this.bytes = (await handle.stat()).size;
    let soundBytes = 0;
    let next = this.first;
    let lastArrivalMs = 0;
    for await (const { record, offset, end } of this.#frames(0)) {
      if (record.position !== next) break;
      this.note(record, offset);
      soundBytes = end;
      next = record.position + 1;
      lastArrivalMs = record.arrivalMs;
    }
    this.#indexed = true;
    return { soundBytes, next, lastArrivalMs };
  }

  /** Records from `from` on, at least one if there is one, within the two bounds. */
  async read(from: number, maxRecords: number, maxBytes: number): Promise<LogRecord[]> {
    await this.#index();
    const start = this.#marks.findLast((mark) => mark.position <= from) ?? this.#marks[0];
    const found: LogRecord[] = [];
    let bytes = 0;
    for await (const { record } of this.#frames(start?.offset ?? 0)) {
      if (record.position < from) continue;
      bytes += record.data.length;
      if (found.length > 0 && bytes > maxBytes) break;
      found.push(record);
      if (found.length >= maxRecords) break;
    }
    return found;
  }

  /** Position of the first record that arrived at or after `arrivalMs`, if this segment has one. */
  async positionAt(arrivalMs: number): Promise<number | undefined> {
    await this.#index();
    const start = this.#marks.findLast((mark) => mark.arrivalMs < arrivalMs) ?? this.#marks[0];
    for await (const { record } of this.#frames(start?.offset ?? 0)) {
      if (record.arrivalMs >= arrivalMs) return record.position;
    }
    return undefined;
  }

  async #index(): Promise<void> {
    if (this.#indexed) return;
    for await (const { record, offset } of this.#frames(0)) this.note(record, offset);
    this.#indexed = true;
  }

  async *#frames(from: number): AsyncGenerator<{ record: LogRecord; offset: number; end: number }> {
    const handle = await this.handle();
    let windowBytes = SCAN_BYTES;
    let offset = from;
    while (offset < this.bytes) {
      const window = Buffer.allocUnsafe(Math.min(windowBytes, this.bytes - offset));
      const { bytesRead } = await handle.read(window, 0, window.length, offset);
      const view = window.subarray(0, bytesRead);
      let at = 0;
      for (let frame = readFrame(view, at); frame; frame = readFrame(view, at)) {
        yield { record: frame.record, offset: offset + at, end: offset + frame.next };
        at = frame.next;
      }
      if (at === 0 && (windowBytes >= LARGEST_FRAME_BYTES || offset + bytesRead >= this.bytes)) return;
      // A frame that reaches over the window: look again with one that holds any frame.
      windowBytes = at === 0 ? LARGEST_FRAME_BYTES : SCAN_BYTES;
      offset += at;
    }
  }
}
