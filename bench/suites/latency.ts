import type { MqttClient } from 'mqtt';
import { connectDevice, provisionDevices } from '../../test/harness/devices.ts';
import { type Endpoints, Stack } from '../../test/harness/stack.ts';
import type { Figure } from '../figure.ts';

export const name = 'latency';

const DEVICES = 10;
const MESSAGES_PER_SECOND = 500;
const SECONDS = 20;
/** One message in so many is looked for in the API until it is there. */
const WATCHED = 25;
const POLL_MS = 20;
const INTERVAL_MS = 1_800_000;
/** From publish to readable, p99, ms. */
const GOAL_MS = 2_000;

/** Single readings at 500 messages a second over ten connections: how long until the API returns one. */
export async function run(say: (line: string) => void): Promise<Record<string, Figure>> {
  const stack = new Stack({ portBase: 9700, stateDir: '.cache/bench-latency' });
  await stack.start({ fresh: true });
  try {
    const endpoints = stack.endpoints();
    const ids = Array.from({ length: DEVICES }, (_, n) => `m${String(n + 1).padStart(3, '0')}`);
    const clients: MqttClient[] = [];
    for (const identity of await provisionDevices(stack, ids)) clients.push(await connectDevice(endpoints, identity));
    const token = await stack.token('analyst');
    const latencies: number[] = [];
    const watched: Promise<unknown>[] = [];
    const total = MESSAGES_PER_SECOND * SECONDS;
    const newest = Math.floor(Date.now() / INTERVAL_MS) * INTERVAL_MS - INTERVAL_MS;
    const began = performance.now();
    for (let n = 0; n < total; n++) {
      const due = began + (n * 1000) / MESSAGES_PER_SECOND;
      const wait = due - performance.now();
      if (wait > 1) await new Promise((resolve) => setTimeout(resolve, wait));
      const device = n % DEVICES;
      const meterId = ids[device] ?? '';
      const start = new Date(newest - Math.floor(n / DEVICES) * INTERVAL_MS).toISOString().replace('.000', '');
      const payload = JSON.stringify({
        ...JSON.parse(endpoints.device.example as string),
        meterId,
        start,
        value: (n % 1000) / 1000,
      });
      const published = performance.now();
      clients[device]?.publish(endpoints.device.topic.replace(endpoints.device.meterId, meterId), payload, { qos: 1 });
      if (n % WATCHED === 0) {
        watched.push(
          readable(endpoints, token, meterId, start).then(() => latencies.push(performance.now() - published)),
        );
      }
    }
    const publishedS = (performance.now() - began) / 1000;
    await Promise.all(watched);
    for (const client of clients) client.end(true);
    const sorted = latencies.sort((a, b) => a - b);
    const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
    say(
      `${total} messages in ${publishedS.toFixed(1)} s, ${sorted.length} of them watched; p99 ${at(0.99) <= GOAL_MS ? 'within' : 'MISSES'} ${GOAL_MS} ms`,
    );
    say('bounded by the mapping’s batching window and the poll of the API, not by CPU');
    return {
      'publish to readable, p50': { value: at(0.5), unit: 'ms' },
      'publish to readable, p99': { value: at(0.99), unit: 'ms' },
    };
  } finally {
    await stack.stop();
  }
}

async function readable({ api }: Endpoints, token: string, meterId: string, start: string): Promise<void> {
  const to = new Date(Date.parse(start) + INTERVAL_MS).toISOString();
  for (;;) {
    const response = await fetch(`${api}/meters/${meterId}/readings?from=${start}&to=${to}`, {
      headers: { authorization: `Bearer ${token}` },
    });
    if (!response.ok) throw new Error(`readings: ${response.status} ${await response.text()}`);
    if (((await response.json()) as { intervals: unknown[] }).intervals.length > 0) return;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
