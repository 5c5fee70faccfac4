import { createHash } from 'node:crypto';
import { seededRandom } from '../harness/seeded-random.ts';
import type { VirtualTime } from './virtual-time.ts';

/** Never resolves: what a killed process awaits. */
const never = <Result>(): Promise<Result> => new Promise(() => {});

/** A process: a device's broker session, a function's environment, a poller. Killed, it does nothing any more. */
export class Process {
  alive = true;
  readonly #onKill: (() => void)[] = [];
  readonly killed: Promise<void>;
  #killed: () => void = () => {};

  constructor() {
    this.killed = new Promise((resolve) => {
      this.#killed = resolve;
    });
  }

  onKill(then: () => void): void {
    this.#onKill.push(then);
  }

  kill(): void {
    if (!this.alive) return;
    this.alive = false;
    for (const then of this.#onKill) then();
    this.#killed();
  }
}

/** A fault of the infrastructure: a lost connection, a time-out, a throttle. */
export class Fault extends Error {}

/** Shares of effects at which something goes wrong. */
export interface Weather {
  /** The process ends before, or after the effect. */
  crash: number;
  /** An error before the effect, or instead of its answer. */
  fault: number;
  /** It takes seconds instead of milliseconds. */
  slow: number;
}

/** Decides by one seed what goes wrong and when, and keeps a digest of the course of events. */
export class Chaos {
  readonly random: () => number;
  readonly #time: VirtualTime;
  #weather: Weather;
  readonly #digest = createHash('sha256');
  effects = 0;
  wrong = 0;

  constructor(options: { seed: number; time: VirtualTime; weather: Weather }) {
    this.random = seededRandom(options.seed);
    this.#time = options.time;
    this.#weather = options.weather;
  }

  below(limit: number): number {
    return Math.floor(this.random() * limit);
  }

  happens(share: number): boolean {
    return this.random() < share;
  }

  pick<Item>(items: readonly Item[]): Item {
    return items[this.below(items.length)] as Item;
  }

  /** Nothing goes wrong any more. */
  calm(): void {
    this.#weather = { crash: 0, fault: 0, slow: 0 };
  }

  note(event: string): void {
    this.#digest.update(`${this.#time.now()} ${event}\n`);
  }

  /** Digest of everything that happened, in order: equal for equal runs. */
  digest(): string {
    return this.#digest.copy().digest('hex');
  }

  /** One effect of a process on something durable: all of it or nothing, after a while; or what can go wrong around it. */
  async effect<Result>(process: Process, name: string, apply: () => Result | Promise<Result>): Promise<Result> {
    const { crash, fault, slow } = this.#weather;
    if (!process.alive) return never();
    await this.#time.sleep(1 + this.below(this.happens(slow) ? 20_000 : 40));
    if (!process.alive) return never();
    this.effects += 1;
    const roll = this.random();
    if (roll < crash / 2) return this.#die(process, `${name} not reached`);
    if (roll < crash / 2 + fault / 2) return this.#fail(`${name} refused`);
    const result = await apply();
    this.note(name);
    if (roll > 1 - crash / 2) return this.#die(process, `${name} done`);
    if (roll > 1 - crash / 2 - fault / 2) return this.#fail(`${name} done, its answer lost`);
    return result;
  }

  #die(process: Process, where: string): Promise<never> {
    this.wrong += 1;
    this.note(`crash: ${where}`);
    process.kill();
    return never();
  }

  #fail(where: string): never {
    this.wrong += 1;
    this.note(`fault: ${where}`);
    throw new Fault(where);
  }
}
