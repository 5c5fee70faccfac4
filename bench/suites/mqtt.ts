import type { MqttClient } from 'mqtt';
import { connectDevice, provisionDevices } from '../../test/harness/devices.ts';
import { Stack } from '../../test/harness/stack.ts';
import { startCpu } from '../cpu.ts';
import type { Figure } from '../figure.ts';

export const name = 'mqtt';

const READINGS_PER_MESSAGE = 25;
/** Up to 50 × 200 × 25: a quarter of a million readings, below the 100 publishes a second that IoT Core admits per connection. */
const MESSAGES_PER_DEVICE = 200;
/** Unacknowledged messages a device keeps on the way. */
const IN_FLIGHT = 8;
const INTERVAL_MS = 1_800_000;
const STORED_WITHIN_MS = 120_000;
/** What this has to reach on two cores, readings a second. */
const GOAL = 25_000;

/** Whole stack, from publish to readable: MQTT over TLS, QoS 1, every message acknowledged after the stream has it on disk. */
export async function run(say: (line: string) => void): Promise<Record<string, Figure>> {
  const stack = new Stack({ portBase: 9600, stateDir: '.cache/bench-mqtt' });
  const readyMs = await stack.start({ fresh: true });
  try {
    const endpoints = stack.endpoints();
    const end = Math.floor(Date.now() / INTERVAL_MS) * INTERVAL_MS;
    const first = end - MESSAGES_PER_DEVICE * READINGS_PER_MESSAGE * INTERVAL_MS;
    const token = await stack.token('analyst');
    const ids = await metersInService({ api: endpoints.api, token, from: first, to: end });
    if (ids.length < 10) throw new Error(`only ${ids.length} meters are in service for the whole load`);
    const clients: MqttClient[] = [];
    for (const identity of await provisionDevices(stack, ids)) clients.push(await connectDevice(endpoints, identity));
    say(`stack ready in ${(readyMs / 1000).toFixed(1)} s, ${ids.length} devices connected`);

    const total = ids.length * MESSAGES_PER_DEVICE * READINGS_PER_MESSAGE;
    const published: number[] = [];
    const spent = startCpu(stack.pid);
    const began = performance.now();
    await Promise.all(
      clients.map(async (client, n) => {
        let next = 0;
        const lane = async () => {
          for (let m = next++; m < MESSAGES_PER_DEVICE; m = next++) {
            await client.publishAsync(topicOf(endpoints.device, ids[n] ?? ''), message(ids[n] ?? '', n, m, first), {
              qos: 1,
            });
            published.push(performance.now() - began);
          }
        };
        await Promise.all(Array.from({ length: IN_FLIGHT }, lane));
      }),
    );
    const acknowledgedS = (performance.now() - began) / 1000;
    say(`${total.toLocaleString('en')} readings acknowledged in ${acknowledgedS.toFixed(1)} s`);
    await untilReadable({ api: endpoints.api, token, from: first, to: end, total });
    const storedS = (performance.now() - began) / 1000;
    const cpuS = spent().postgres;
    const rate = total / storedS;
    say(
      `readable after ${storedS.toFixed(1)} s; ${rate >= GOAL ? 'reaches' : 'MISSES'} ${GOAL.toLocaleString('en')} readings/s`,
    );
    say(
      `bounded by ${cpuS / storedS > 1.6 ? 'CPU: both cores are busy' : `what waits: ${(cpuS / storedS).toFixed(1)} of 2 cores busy`}`,
    );
    for (const client of clients) client.end(true);
    return {
      'publish to readable': { value: rate, unit: 'readings/s' },
      'per CPU-second': { value: total / cpuS, unit: 'readings/CPU-s (whole stack, PostgreSQL included)' },
    };
  } finally {
    await stack.stop();
  }
}

/** Sums leave out what a meter reports outside its time in service. */
async function metersInService(of: { api: string; token: string; from: number; to: number }): Promise<string[]> {
  const response = await fetch(`${of.api}/meters?limit=1000`, { headers: { authorization: `Bearer ${of.token}` } });
  if (!response.ok) throw new Error(`meters: ${response.status} ${await response.text()}`);
  const { items } = (await response.json()) as {
    items: { meterId: string; serviceFrom: string; serviceTo: string | null }[];
  };
  return items
    .filter(
      ({ serviceFrom, serviceTo }) =>
        Date.parse(serviceFrom) <= of.from && (serviceTo === null || Date.parse(serviceTo) >= of.to),
    )
    .map(({ meterId }) => meterId);
}

const topicOf = (device: { topic: string; meterId: string }, meterId: string): string =>
  device.topic.replace(device.meterId, meterId);

/** Values differ from slot to slot and meter to meter, as real ones do. */
function message(meterId: string, n: number, m: number, first: number): string {
  const intervals = Array.from({ length: READINGS_PER_MESSAGE }, (_, i) => {
    const slot = m * READINGS_PER_MESSAGE + i;
    const start = new Date(first + slot * INTERVAL_MS).toISOString().replace('.000', '');
    return { start, value: ((slot * 7919 + n * 104_729) % 2000) / 1000 };
  });
  return JSON.stringify({ meterId, channel: 'activeEnergyImport', unit: 'kWh', intervalMinutes: 30, intervals });
}

async function untilReadable(of: {
  api: string;
  token: string;
  from: number;
  to: number;
  total: number;
}): Promise<void> {
  const query = new URLSearchParams({
    granularity: 'month',
    tz: 'UTC',
    from: new Date(of.from).toISOString(),
    to: new Date(of.to).toISOString(),
  });
  const deadline = Date.now() + STORED_WITHIN_MS;
  for (;;) {
    const response = await fetch(`${of.api}/system/consumption?${query}`, {
      headers: { authorization: `Bearer ${of.token}` },
    });
    if (!response.ok) throw new Error(`system consumption: ${response.status} ${await response.text()}`);
    const { periods } = (await response.json()) as { periods: { intervalsPresent: number }[] };
    const present = periods.reduce((sum, period) => sum + period.intervalsPresent, 0);
    if (present === of.total) return;
    if (Date.now() > deadline)
      throw new Error(`${present} of ${of.total} readings are readable after ${STORED_WITHIN_MS / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}
