/** What is known of one address: the last answer, and the failure since, if any. */
export interface Known {
  data?: unknown;
  error?: Error;
  /** When the next attempt is made, ms, while failing. */
  retryAt?: number;
}

interface Entry extends Known {
  watchers: Map<() => void, number | undefined>;
  timer: ReturnType<typeof setTimeout> | undefined;
  failures: number;
  fetchedAt: number;
  busy: boolean;
}

const keepUnwatchedMs = 120_000;
const longestBackoffMs = 30_000;

/**
 * Answers by address. Watched addresses refresh at the shortest interval any watcher asks for; a failure keeps the last answer
 * and is retried with a growing pause. Unwatched answers are kept two minutes, so going back is instant.
 */
export class AnswerStore {
  readonly #entries = new Map<string, Entry>();
  readonly #fetch: (address: string) => Promise<unknown>;
  readonly #worthRetrying: (error: Error) => boolean;

  constructor(fetch: (address: string) => Promise<unknown>, worthRetrying: (error: Error) => boolean) {
    this.#fetch = fetch;
    this.#worthRetrying = worthRetrying;
  }

  peek(address: string): Known {
    return this.#entries.get(address) ?? {};
  }

  /** @returns how to stop watching. */
  watch(address: string, changed: () => void, refreshMs?: number): () => void {
    const entry = this.#entry(address);
    entry.watchers.set(changed, refreshMs);
    const age = Date.now() - entry.fetchedAt;
    if (!entry.busy && (entry.data === undefined || age > (refreshMs ?? keepUnwatchedMs)))
      void this.#load(address, entry);
    else this.#schedule(address, entry);
    return () => {
      entry.watchers.delete(changed);
      if (entry.watchers.size > 0) return;
      clearTimeout(entry.timer);
      entry.timer = setTimeout(() => {
        if (entry.watchers.size === 0) this.#entries.delete(address);
      }, keepUnwatchedMs);
    };
  }

  /** Ask again at once for everything that is failing. */
  retryNow(): void {
    for (const [address, entry] of this.#entries) {
      if (entry.error && entry.watchers.size > 0 && !entry.busy) void this.#load(address, entry);
    }
  }

  /** Asks again for everything that is watched: something has been changed. What nobody watches is forgotten. */
  refresh(): void {
    for (const [address, entry] of this.#entries) {
      if (entry.watchers.size === 0) this.#entries.delete(address);
      else if (!entry.busy) void this.#load(address, entry);
    }
  }

  #entry(address: string): Entry {
    const found = this.#entries.get(address);
    if (found) return found;
    const entry: Entry = { watchers: new Map(), timer: undefined, failures: 0, fetchedAt: 0, busy: false };
    this.#entries.set(address, entry);
    return entry;
  }

  async #load(address: string, entry: Entry): Promise<void> {
    entry.busy = true;
    clearTimeout(entry.timer);
    try {
      entry.data = await this.#fetch(address);
      entry.fetchedAt = Date.now();
      entry.failures = 0;
      delete entry.error;
      delete entry.retryAt;
    } catch (failure) {
      entry.failures += 1;
      entry.error = failure instanceof Error ? failure : new Error(String(failure));
    }
    entry.busy = false;
    this.#schedule(address, entry);
    for (const changed of [...entry.watchers.keys()]) changed();
  }

  #schedule(address: string, entry: Entry): void {
    clearTimeout(entry.timer);
    if (entry.watchers.size === 0 || entry.busy) return;
    let pauseMs: number;
    if (entry.error) {
      if (!this.#worthRetrying(entry.error)) return;
      pauseMs = Math.min(longestBackoffMs, 1000 * 2 ** entry.failures);
      entry.retryAt = Date.now() + pauseMs;
    } else {
      const wanted = [...entry.watchers.values()].filter((ms) => ms !== undefined);
      if (wanted.length === 0) return;
      pauseMs = Math.max(0, Math.min(...wanted) - (Date.now() - entry.fetchedAt));
    }
    entry.timer = setTimeout(() => void this.#load(address, entry), pauseMs);
  }
}
