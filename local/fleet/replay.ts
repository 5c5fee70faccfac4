import { INTERVAL_MS, SOURCE_START_MS } from './data/source.ts';
import type { Device } from './device.ts';
import type { Source } from './messages.ts';
import type { ReplayPlan } from './plan.ts';
import { readState, writeState } from './state-file.ts';

const TICK_MS = 1000;
const SAVE_MS = 250;

export interface ReplayOptions {
  plan: ReplayPlan;
  /** `live` follows the clock; a number multiplies it; `max` waits for nothing. */
  speed: 'live' | 'max' | number;
  cursorFile: string;
  clock(): number;
}

interface Lane {
  source: Source;
  device: Device;
  from: number;
  end: number;
  /** First half hour that is not acknowledged. */
  next: number;
  busy: boolean;
}

/**
 * Publishes every reading of a plan once, in order per device, each after its interval has ended. What was acknowledged is
 * on disk, so that time the stack was down comes back as backlog; a crash may repeat the last message, never skip one.
 */
export class Replay {
  readonly #options: ReplayOptions;
  readonly #lanes: Lane[];
  readonly #startedAt: number;
  readonly #startMs: number;
  #saved = 0;
  #timer: NodeJS.Timeout | undefined;
  #finished: (() => void) | undefined;
  /** Resolves when everything of the plan has been acknowledged. */
  readonly complete: Promise<void>;

  constructor(options: ReplayOptions, devices: readonly { source: Source; device: Device }[]) {
    this.#options = options;
    const { plan } = options;
    const saved = readState<Record<string, number>>(options.cursorFile) ?? {};
    this.#lanes = devices.map(({ source, device }) => {
      const from = Math.max(plan.from, source.first);
      const end = Math.max(from, Math.min(plan.end, source.end));
      const next = Math.min(end, Math.max(from, saved[source.deviceId] ?? from));
      return { source, device, from, end, next, busy: false };
    });
    this.#startedAt = options.clock();
    const least = Math.min(plan.end, ...this.#lanes.filter((lane) => lane.next < lane.end).map((lane) => lane.next));
    this.#startMs = SOURCE_START_MS + least * INTERVAL_MS;
    this.complete = new Promise((resolve) => {
      this.#finished = resolve;
    });
  }

  start(): void {
    this.#advance();
    this.#timer = setInterval(() => this.#advance(), TICK_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#save(true);
  }

  /** Readings of meters (not sensor samples): acknowledged, and due but not acknowledged yet. */
  progress(only: (deviceId: string) => boolean = () => true): { published: number; backlog: number; total: number } {
    const due = this.#due();
    const sum = { published: 0, backlog: 0, total: 0 };
    for (const { source, from, end, next } of this.#lanes) {
      if (!only(source.deviceId)) continue;
      sum.published += source.count(from, next);
      sum.backlog += source.count(next, Math.max(next, Math.min(due, end)));
      sum.total += source.count(from, end);
    }
    return sum;
  }

  /** Past the last half hour that has ended by now. */
  #due(): number {
    const { plan, speed, clock } = this.#options;
    if (speed === 'max') return plan.end;
    const sourceMs = speed === 'live' ? clock() - plan.shiftMs : this.#startMs + (clock() - this.#startedAt) * speed;
    return Math.min(plan.end, Math.floor((sourceMs - SOURCE_START_MS) / INTERVAL_MS));
  }

  #advance(): void {
    for (const lane of this.#lanes) if (!lane.busy) void this.#drain(lane);
    if (this.#lanes.every((lane) => lane.next >= lane.end)) {
      this.stop();
      this.#finished?.();
    }
  }

  async #drain(lane: Lane): Promise<void> {
    lane.busy = true;
    const { plan } = this.#options;
    try {
      for (let due = this.#due(); lane.next < Math.min(due, lane.end); due = this.#due()) {
        const cut = plan.cuts.find((index) => index > lane.next) ?? plan.end;
        const to = Math.min(due, lane.end, cut, lane.next + lane.source.maxIntervals);
        const message = lane.source.message(lane.next, to, plan.shiftMs);
        if (message) await lane.device.publish(lane.source.topic, message);
        lane.next = to;
        this.#save(false);
      }
    } catch {
      // The connection was ended: by a shutdown, else the next tick tries again from the same cursor.
    } finally {
      lane.busy = false;
    }
  }

  #save(now: boolean): void {
    const at = Date.now();
    if (!now && at - this.#saved < SAVE_MS) return;
    this.#saved = at;
    writeState(
      this.#options.cursorFile,
      Object.fromEntries(this.#lanes.map((lane) => [lane.source.deviceId, lane.next])),
    );
  }
}
