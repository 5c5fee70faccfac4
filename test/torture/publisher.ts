import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect, type MqttClient } from 'mqtt';
import type { Endpoints, Stack } from '../harness/stack.ts';

const ROOT = join(import.meta.dirname, '../..');
const INTERVAL_MS = 30 * 60_000;
const IN_FLIGHT = 20;
const RECONNECT_MS = 250;
const STORED_WITHIN_MS = 60_000;

interface Example {
  meterId: string;
  channel: string;
  start: string;
  [field: string]: unknown;
}

/** The value of the n-th reading, kWh: told by its number, so that a check needs no memory of it. */
const valueKwh = (n: number): number => (n % 9_000) / 1000;

/** One device that publishes half-hours backwards in time, twenty in flight, and remembers what was acknowledged. */
export class Publisher {
  readonly #acknowledged = new Set<number>();
  #next = 0;
  #example: Example | undefined;
  readonly #token: Pick<Stack, 'token'>;
  readonly #gapMs: number;
  #ending = false;
  #client: MqttClient | undefined;

  /** @param perSecond at most so many publishes; by default as many as are acknowledged, twenty on the way. */
  constructor(tokens: Pick<Stack, 'token'>, { perSecond }: { perSecond?: number } = {}) {
    this.#token = tokens;
    this.#gapMs = perSecond === undefined ? 0 : (1_000 * IN_FLIGHT) / perSecond;
  }

  get acknowledged(): number {
    return this.#acknowledged.size;
  }

  /** Publishes until {@link end}, over a new connection whenever one breaks. */
  async keepOn(endpoints: Endpoints): Promise<void> {
    while (!this.#ending) {
      await this.run(endpoints);
      await new Promise((resolve) => setTimeout(resolve, RECONNECT_MS));
    }
  }

  end(): void {
    this.#ending = true;
    this.#client?.end(true);
  }

  #startOf(n: number): string {
    const last = Date.parse(this.#example?.start ?? '');
    return new Date(last - n * INTERVAL_MS).toISOString().replace('.000Z', 'Z');
  }

  /** Publishes until the connection breaks. @returns how many readings are acknowledged by now. */
  run({ mqtts, device }: Endpoints): Promise<number> {
    this.#example ??= (typeof device.example === 'string' ? JSON.parse(device.example) : device.example) as Example;
    const client = connect({
      protocol: 'mqtts',
      host: mqtts.host,
      port: mqtts.port,
      ca: readFileSync(join(ROOT, mqtts.ca)),
      cert: readFileSync(join(ROOT, device.certificate)),
      key: readFileSync(join(ROOT, device.key)),
      clientId: device.clientId,
      protocolVersion: 4,
      reconnectPeriod: 0,
    });
    this.#client = client;
    const publishOne = () => {
      if (!client.connected) return;
      const n = this.#next++;
      const payload = JSON.stringify({ ...this.#example, start: this.#startOf(n), value: valueKwh(n) });
      client.publish(device.topic, payload, { qos: 1 }, (failure) => {
        if (failure) return;
        this.#acknowledged.add(n);
        if (this.#gapMs > 0) setTimeout(publishOne, this.#gapMs);
        else publishOne();
      });
    };
    client.on('connect', () => {
      for (let i = 0; i < IN_FLIGHT; i++) publishOne();
    });
    client.on('error', () => client.end(true));
    return new Promise((resolve) => client.on('close', () => resolve(this.#acknowledged.size)));
  }

  /** Waits until everything acknowledged is readable. @returns what is wrong, a phrase each. */
  async check({ api }: Endpoints): Promise<string[]> {
    const token = await this.#token.token('analyst');
    const deadline = Date.now() + STORED_WITHIN_MS;
    for (;;) {
      const stored = await this.#stored(api, token);
      const wrong = [...this.#acknowledged].flatMap((n) => {
        const values = stored.get(this.#startOf(n)) ?? [];
        if (values.length === 1 && values[0] === valueKwh(n)) return [];
        return [`reading ${n} of ${this.#startOf(n)} is there ${values.length} times (${values.join(', ')})`];
      });
      if (wrong.length === 0 || Date.now() > deadline) return wrong;
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }

  async #stored(api: string, token: string): Promise<Map<string, number[]>> {
    const { meterId, channel } = this.#example as Example;
    const from = this.#startOf(this.#next);
    const to = new Date(Date.parse(this.#startOf(0)) + INTERVAL_MS).toISOString();
    const found = new Map<string, number[]>();
    let cursor: string | null = null;
    do {
      const query = new URLSearchParams({ channel, from, to, limit: '1000', ...(cursor === null ? {} : { cursor }) });
      const response = await fetch(`${api}/meters/${meterId}/readings?${query}`, {
        headers: { authorization: `Bearer ${token}` },
      });
      if (!response.ok) throw new Error(`readings: ${response.status} ${await response.text()}`);
      const page = (await response.json()) as { intervals: { start: string; value: number }[]; next: string | null };
      for (const { start, value } of page.intervals) {
        const key = new Date(start).toISOString().replace('.000Z', 'Z');
        found.set(key, [...(found.get(key) ?? []), value]);
      }
      cursor = page.next;
    } while (cursor !== null);
    return found;
  }
}
