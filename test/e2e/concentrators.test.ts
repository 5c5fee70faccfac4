import { execFile } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import avro from 'avsc';
import { RELEASED_SCHEMAS } from '../../layers/contracts/avro/released.ts';
import { withRegistryHeader } from '../../layers/domain/messages/payload.ts';
import { readIdentity } from '../../local/fleet/identities.ts';
import { connectDevice } from '../harness/devices.ts';
import { Stack } from '../harness/stack.ts';

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, '../..');
const STATE = '.cache/e2e-concentrators';
const DEVICES = join(ROOT, STATE, 'gathering');
const OWN = ['m001', 'm002'];
const FIRST = Date.parse('2013-06-01T00:00:00Z');
const SETTLED_WITHIN_MS = 30_000;

const stack = new Stack({ portBase: 9450, stateDir: STATE });
const tokens = new Map<string, string>();
const startOf = (slot: number): string => new Date(FIRST + slot * 1_800_000).toISOString().replace('.000Z', 'Z');
const whOf = (meter: number, slot: number): number => (meter * 131 + slot * 17) % 900;

const command = (file: string, ...words: string[]) =>
  run(process.execPath, [file, ...words], { cwd: ROOT, env: { ...process.env, GRID_STATE_DIR: join(ROOT, STATE) } });

async function call<Answer>(group: string, path: string, init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(stack.endpoints().api + path, {
    ...init,
    headers: { authorization: `Bearer ${tokens.get(group)}`, ...init.headers },
  });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return (await response.json()) as Answer;
}

/** Asks until the answer is as it is to become. */
async function until<Answer>(ask: () => Promise<Answer>, enough: (answer: Answer) => boolean): Promise<Answer> {
  for (const end = Date.now() + SETTLED_WITHIN_MS; ; ) {
    const answer = await ask();
    if (enough(answer) || Date.now() > end) return answer;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

type Readings = { intervals: { start: string; value: number }[] };
const readingsOf = (meterId: string) =>
  call<Readings>('analyst', `/meters/${meterId}/readings?from=${startOf(0)}&to=${startOf(96)}`);
const expected = (meter: number, slots: number[]) => slots.map((slot) => whOf(meter, slot) / 1000);
const slots = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index);

describe('a concentrator', () => {
  beforeAll(async () => {
    await stack.start({ fresh: true });
    for (const name of ['analyst', 'admin', 'operator', 'headend']) tokens.set(name, await stack.token(name));
    // The topology gives it two meters, from their first day on.
    const meters = await Promise.all(
      OWN.map((meterId) =>
        call<{ meterId: string; usagePointId: string; serviceFrom: string; channels: object[] }>(
          'admin',
          `/meters/${meterId}`,
        ),
      ),
    );
    await call('admin', '/topology', {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        concentrators: [{ concentratorId: 'c01', name: 'Pole 7' }],
        meters: meters.map(({ meterId, usagePointId, serviceFrom, channels }) => ({
          meterId,
          usagePointId,
          from: serviceFrom,
          channels,
          concentratorId: 'c01',
        })),
      }),
    });
    mkdirSync(DEVICES, { recursive: true });
    await command('local/cli/grid.ts', 'concentrator', 'provision', 'c01', '--out', DEVICES);
  }, 180_000);
  afterAll(async () => {
    await stack.stop();
    rmSync(DEVICES, { recursive: true, force: true });
  });

  test.each([
    ['json', 'zstd', 0],
    ['avro', 'none', 24],
    ['avro', 'gzip', 48],
  ])(
    'publishes what npm run pack made of a file: %s, %s',
    async (form, compress, from) => {
      const rows = OWN.flatMap((meterId, meter) =>
        slots(from, from + 24).map((slot) => `${meterId},${startOf(slot)},${whOf(meter, slot) / 1000}`),
      );
      const file = join(DEVICES, `${form}-${compress}.csv`);
      writeFileSync(file, ['meterId,start,value', ...rows].join('\n'));
      const how = ['--form', form, '--compress', compress, '--publish', '--concentrator', 'c01', '--devices', DEVICES];
      const { stdout } = await command('local/pack/main.ts', file, ...how);
      expect(stdout).toContain('48 readings published in 1 messages');
      for (const [meter, meterId] of OWN.entries()) {
        const whole = slots(0, from + 24);
        const { intervals } = await until(
          () => readingsOf(meterId),
          (found) => found.intervals.length >= whole.length,
        );
        expect(intervals.map(({ value }) => value)).toEqual(expected(meter, whole));
      }
    },
    60_000,
  );

  test('JSON and Avro on one topic; for another meter it does not speak', async () => {
    const { schemas } = stack.endpoints() as unknown as { schemas: Record<string, string> };
    const type = avro.Type.forSchema(RELEASED_SCHEMAS['meter-events'][0] as unknown as avro.Schema);
    const event = (meterId: string, minute: number, name: string) => ({
      meterId,
      time: `2013-06-02T00:0${minute}:00Z`,
      event: name,
    });
    const framed = (message: object) =>
      Buffer.from(withRegistryHeader(type.toBuffer({ ...message, detail: null }), schemas['meter-events'] ?? ''));
    const payloads = [
      Buffer.from(JSON.stringify(event('m001', 0, 'LAST_GASP'))),
      framed(event('m001', 1, 'POWER_RETURNED')),
      gzipSync(framed(event('m001', 2, 'CLOCK_INVALID'))),
      framed(event('m003', 3, 'LAST_GASP')),
    ];
    const identity = readIdentity(DEVICES, 'c01');
    if (!identity) throw new Error('c01 was not provisioned');
    const client = await connectDevice(stack.endpoints(), identity);
    const topic = '$aws/rules/local_concentrator_meter_events/concentrators/c01/meter-events';
    for (const payload of payloads) await client.publishAsync(topic, payload, { qos: 1 });
    await client.endAsync();
    const query = 'from=2013-06-02T00:00:00Z&to=2013-06-03T00:00:00Z';
    type Events = { events: { event: string }[] };
    const ask = (meterId: string) => call<Events>('analyst', `/meters/${meterId}/events?${query}`);
    const own = await until(
      () => ask('m001'),
      ({ events }) => events.length >= 3,
    );
    expect(own.events.map(({ event: name }) => name)).toEqual(['LAST_GASP', 'POWER_RETURNED', 'CLOCK_INVALID']);
    expect((await ask('m003')).events).toEqual([]);
    type Quarantine = { items: { kind: string; codes?: string[]; reasons?: { code: string }[] }[] };
    const refused = await until(
      () => call<Quarantine>('operator', '/quarantine'),
      ({ items }) => items.length > 0,
    );
    expect(JSON.stringify(refused.items)).toContain('WRONG_CONCENTRATOR');
  }, 60_000);

  test('a head-end sends a columnar batch in gzip and learns what became of each item', async () => {
    const head = { channel: 'activeEnergyImport', unit: 'kWh', scale: -3, intervalMinutes: 30, start: startOf(72) };
    const columns = (meters: string[]) => ({
      ...head,
      intervals: 24,
      meters,
      values: meters.flatMap((meterId) => slots(72, 96).map((slot) => whOf(OWN.indexOf(meterId), slot))),
    });
    const readings = [columns(OWN), columns(['nobody']), { ...columns(OWN), scale: 3 }];
    const { batchId } = await call<{ batchId: string }>('headend', '/readings:batch', {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'content-encoding': 'gzip', 'idempotency-key': 'columns-1' },
      body: gzipSync(JSON.stringify({ readings })),
    });
    type Status = { pending: number; items: { status: string }[] };
    const status = await until(
      () => call<Status>('headend', `/batches/${batchId}`),
      ({ pending }) => pending === 0,
    );
    expect(status.items.map((item) => item.status)).toEqual(['stored', 'quarantined', 'rejected']);
    for (const [meter, meterId] of OWN.entries()) {
      const { intervals } = await readingsOf(meterId);
      expect(intervals.map(({ value }) => value)).toEqual(expected(meter, slots(0, 96)));
    }
  }, 60_000);
});
