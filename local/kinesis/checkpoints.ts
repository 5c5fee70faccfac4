import { mkdirSync, readFileSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';

/** A checkpoint older than this by the clock is written; being behind only costs a redelivery. */
const WRITE_EVERY_MS = 50;

/**
 * Where a consumer stands in each shard: the position of the next record it has not finished. The file is replaced as a
 * whole, so a crash leaves the former one; it lags by at most {@link WRITE_EVERY_MS}, which at-least-once delivery covers.
 */
export class Checkpoints {
  readonly #file: string;
  readonly #positions = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();
  #dirty = false;

  constructor(file: string) {
    this.#file = file;
    mkdirSync(dirname(file), { recursive: true });
    for (const [shardId, position] of Object.entries(readSaved(file))) this.#positions.set(shardId, position);
  }

  get(shardId: string): number | undefined {
    return this.#positions.get(shardId);
  }

  set(shardId: string, position: number): void {
    if (this.#positions.get(shardId) === position) return;
    this.#positions.set(shardId, position);
    this.#dirty = true;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.flush().catch(() => undefined);
    }, WRITE_EVERY_MS);
  }

  /** Resolves once everything set so far is on disk. */
  flush(): Promise<void> {
    this.#writing = this.#writing.catch(() => undefined).then(() => this.#write());
    return this.#writing;
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    await this.flush();
  }

  async #write(): Promise<void> {
    if (!this.#dirty) return;
    this.#dirty = false;
    try {
      const handle = await open(`${this.#file}.new`, 'w');
      try {
        await handle.writeFile(JSON.stringify(Object.fromEntries(this.#positions)));
        await handle.datasync();
      } finally {
        await handle.close();
      }
      await rename(`${this.#file}.new`, this.#file);
    } catch (failure) {
      this.#dirty = true;
      throw failure;
    }
  }
}

function readSaved(file: string): Record<string, number> {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Record<string, number>;
  } catch (failure) {
    if ((failure as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw new Error(`${file}: not a checkpoint file; start with --fresh to begin anew`, { cause: failure });
  }
}
