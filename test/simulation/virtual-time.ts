/** Wakes all who wait for it. */
export class Signal {
  #waiting: (() => void)[] = [];

  wait(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  fire(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}

/** Time that passes only when nothing else is left to do: a run of hours takes milliseconds, and always the same course. */
export class VirtualTime {
  #now: number;
  #count = 0;
  /** A binary heap by time, then by order of asking. */
  readonly #waiting: { at: number; order: number; wake: () => void }[] = [];

  constructor(start: number) {
    this.#now = start;
  }

  /** Epoch ms. */
  readonly now = (): number => this.#now;

  readonly sleep = (milliseconds: number): Promise<void> =>
    new Promise((wake) => this.#push({ at: this.#now + Math.max(0, milliseconds), order: this.#count++, wake }));

  /** Lets everything run until `done`. @throws if nothing is left to happen, or not by `deadline` (epoch ms). */
  async runUntil(done: Promise<unknown>, deadline: number): Promise<void> {
    let ended = false;
    let failure: unknown;
    done.then(
      () => {
        ended = true;
      },
      (reason: unknown) => {
        ended = true;
        failure = reason ?? new Error('rejected');
      },
    );
    for (;;) {
      // All that can go on without time passing does so first.
      await new Promise((resolve) => setImmediate(resolve));
      if (failure !== undefined) throw failure;
      if (ended) return;
      const next = this.#pop();
      if (!next) throw new Error('the simulation stands still: something waits for what never comes');
      if (next.at > deadline) throw new Error(`not at rest by ${new Date(deadline).toISOString()}`);
      this.#now = next.at;
      next.wake();
    }
  }

  #push(entry: { at: number; order: number; wake: () => void }): void {
    const heap = this.#waiting;
    let at = heap.length;
    heap.push(entry);
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (!earlier(entry, heap[above] as typeof entry)) break;
      heap[at] = heap[above] as typeof entry;
      at = above;
    }
    heap[at] = entry;
  }

  #pop(): { at: number; order: number; wake: () => void } | undefined {
    const heap = this.#waiting;
    const first = heap[0];
    const last = heap.pop();
    if (!first || !last || heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= heap.length) break;
      if (below + 1 < heap.length && earlier(heap[below + 1] as typeof last, heap[below] as typeof last)) below += 1;
      if (!earlier(heap[below] as typeof last, last)) break;
      heap[at] = heap[below] as typeof last;
      at = below;
    }
    heap[at] = last;
    return first;
  }
}

const earlier = (a: { at: number; order: number }, b: { at: number; order: number }): boolean =>
  a.at < b.at || (a.at === b.at && a.order < b.order);
