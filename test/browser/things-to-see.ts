import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { connectDevice, provisionDevices } from '../harness/devices.ts';
import type { Stack } from '../harness/stack.ts';

const ROOT = join(import.meta.dirname, '../..');
const WITHIN_MS = 60_000;
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** What the tests look at beside the readings of the fleet. */
export interface ThingsToSee {
  outageId: string;
  quarantineId: string;
}

/** Runs a command of the repository against the stack, to its end. @throws with its output. */
const command = (stack: Stack, ...words: readonly string[]): Promise<void> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, words, {
      cwd: ROOT,
      env: { ...process.env, GRID_STATE_DIR: stack.stateDir },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        output += chunk.toString();
      });
    }
    child.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(`${words.join(' ')}: ${output}`))));
  });

/** An outage of a transformer, a message in quarantine, a settled day and forecasts, each by the way it takes in life. */
export async function makeThingsToSee(stack: Stack): Promise<ThingsToSee> {
  const { api, device } = stack.endpoints();
  const token = await stack.token('admin');
  const get = async (path: string) =>
    (await (await fetch(api + path, { headers: { authorization: `Bearer ${token}` } })).json()) as never;
  const until = async <T>(look: () => Promise<T | undefined>, what: string): Promise<T> => {
    for (const end = Date.now() + WITHIN_MS; Date.now() < end; await pause(500)) {
      const seen = await look();
      if (seen !== undefined) return seen;
    }
    throw new Error(`there is no ${what} after a minute`);
  };
  const { meters } = (await get('/network')) as { meters: { meterId: string; transformerId: string }[] };
  const dark = meters.filter(({ transformerId }) => transformerId === meters[0]?.transformerId);
  const identities = await provisionDevices(
    stack,
    dark.map(({ meterId }) => meterId),
  );
  for (const identity of identities) {
    const client = await connectDevice(stack.endpoints(), identity);
    const topic = device.topic.replace(device.meterId, identity.deviceId);
    const lastGasp = { meterId: identity.deviceId, event: 'LAST_GASP', time: new Date().toISOString() };
    const events = topic.replace('interval_readings', 'meter_events').replace('interval-readings', 'meter-events');
    await client.publishAsync(events, JSON.stringify(lastGasp), { qos: 1 });
    if (identity === identities[0]) await client.publishAsync(topic, '{"value":NaN}', { qos: 1 });
    await client.endAsync();
  }
  const day = new Date(Date.now() - 2 * 86_400_000).toISOString().slice(0, 10);
  await command(stack, 'local/cli/grid.ts', 'settle', '--day', day);
  await until(async () => {
    await command(stack, 'local/cli/grid.ts', 'forecast', 'forecast');
    return ((await get('/forecasts/system/system/issues')) as { items: object[] }).items[0];
  }, 'forecast');
  const outage = await until(
    async () => ((await get('/outages')) as { items: { outageId: string }[] }).items[0],
    'outage',
  );
  const waiting = await until(
    async () => ((await get('/quarantine')) as { items: { id: string }[] }).items[0],
    'message in quarantine',
  );
  return { outageId: outage.outageId, quarantineId: waiting.id };
}
