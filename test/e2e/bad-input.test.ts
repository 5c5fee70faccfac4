import { createHash } from 'node:crypto';
import { GetObjectCommand, paginateListObjectsV2, S3Client } from '@aws-sdk/client-s3';
import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import type { MqttClient } from 'mqtt';
import type { QuarantinedMessage } from '../../layers/contracts/messages/quarantined-message.ts';
import { connectDevice, provisionDevices } from '../harness/devices.ts';
import { Stack } from '../harness/stack.ts';
import { BAD_CLASSES } from './bad-messages.ts';

const EACH = 200;
const GOOD_PER_BAD = 9;
const DEVICES = 50;
/** Unacknowledged messages of a device on the way; below the 100 publishes a second that IoT Core admits per connection. */
const IN_FLIGHT = 8;
const PER_SECOND = 95;
const FIRST_GOOD = Date.parse('2013-06-01T00:00:00Z');
const HALF_HOUR_MS = 1_800_000;
const SETTLED_WITHIN_MS = 120_000;

interface Sent {
  topic: string;
  payload: Buffer;
  /** Class of a bad one. */
  bad?: (typeof BAD_CLASSES)[number];
}

const stack = new Stack({ portBase: 9700, stateDir: '.cache/e2e-bad-input' });
/** Id of a message in quarantine: of its topic without Basic Ingest's three levels, and its bytes. */
const idOf = ({ topic, payload }: Sent): string =>
  createHash('sha256').update(topic.split('/').slice(3).join('/')).update('\0').update(payload).digest('hex');

describe(`${BAD_CLASSES.length} classes of bad input × ${EACH}, one in ten among good readings, through MQTT`, () => {
  const meterIds = Array.from({ length: DEVICES }, (_, i) => `m${String(i + 1).padStart(3, '0')}`);
  const sent: Sent[][] = meterIds.map(() => []);
  /** Wh of the good readings by meter, half-hours from {@link FIRST_GOOD}. */
  const good = new Map<string, number[]>(meterIds.map((id) => [id, []]));
  let quarantine: Map<string, QuarantinedMessage>;

  beforeAll(async () => {
    await stack.start({ fresh: true });
    const endpoints = stack.endpoints();
    const topicOf = (meterId: string) => endpoints.device.topic.replace(endpoints.device.meterId, meterId);
    let next = 0;
    for (let n = 0; n < EACH; n++) {
      for (const bad of BAD_CLASSES) {
        const device = next++ % DEVICES;
        const meterId = meterIds[device] ?? '';
        const lane = sent[device] as Sent[];
        const topic = topicOf(meterId);
        lane.push({ topic, payload: bad.payload(n, meterId), bad });
        const values = good.get(meterId) ?? [];
        for (let i = 0; i < GOOD_PER_BAD; i++) {
          const wh = (values.length * 7 + device) % 1000;
          const start = new Date(FIRST_GOOD + values.length * HALF_HOUR_MS).toISOString();
          values.push(wh);
          const text = `{"meterId":"${meterId}","channel":"activeEnergyImport","unit":"kWh","intervalMinutes":30,"start":"${start}","value":${wh / 1000}}`;
          lane.push({ topic, payload: Buffer.from(text) });
        }
      }
    }
    const clients = await Promise.all(
      (await provisionDevices(stack, meterIds)).map((identity) => connectDevice(endpoints, identity)),
    );
    await Promise.all(clients.map((client, device) => publishAll(client, sent[device] ?? [])));
    await Promise.all(clients.map((client) => client.endAsync()));
    const expected = sent.flat().filter(({ bad }) => bad).length;
    const end = Date.now() + SETTLED_WITHIN_MS;
    while ((await quarantinedIds()).length < expected && Date.now() < end) await pause(500);
    quarantine = await readQuarantine();
  }, 300_000);

  afterAll(() => stack.stop(), 60_000);

  test('there are at least 25 classes, and every message was acknowledged', () => {
    expect(BAD_CLASSES.length).toBeGreaterThanOrEqual(25);
    expect(sent.flat()).toHaveLength(BAD_CLASSES.length * EACH * (1 + GOOD_PER_BAD));
  });

  test.each(BAD_CLASSES.map((bad) => [bad.name, bad] as const))('%s: each in quarantine with its reason', (_, bad) => {
    const ids = sent.flat().flatMap((message) => (message.bad === bad ? [idOf(message)] : []));
    expect(new Set(ids).size).toBe(EACH);
    const codes = ids.map((id) => quarantine.get(id)?.reasons.map(({ code }) => code) ?? ['not in quarantine']);
    expect(codes.filter((found) => !found.includes(bad.reason))).toEqual([]);
  });

  test('nothing good is in quarantine', () => {
    const ids = new Set(sent.flat().flatMap((message) => (message.bad ? [idOf(message)] : [])));
    expect([...quarantine.values()].filter(({ id }) => !ids.has(id))).toEqual([]);
    expect(quarantine.size).toBe(ids.size);
  });

  test('every good reading is stored with its value, and nothing else', async () => {
    const token = await stack.token('analyst');
    for (const [meterId, wh] of good) {
      const values: number[] = [];
      // Every day there is, for one meter; it takes a second.
      const range = meterId === 'm001' ? ['1971-01-01', '2999-12-31'] : ['2012-01-01', '2014-12-31'];
      for (let cursor = ''; ; ) {
        const path = `/meters/${meterId}/readings?from=${range[0]}T00:00:00Z&to=${range[1]}T00:00:00Z&limit=1000${cursor}`;
        const response = await fetch(`${stack.endpoints().api}${path}`, {
          headers: { authorization: `Bearer ${token}` },
        });
        if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
        const page = (await response.json()) as { intervals: { value: number }[]; next: string | null };
        values.push(...page.intervals.map(({ value }) => value));
        if (page.next === null) break;
        cursor = `&cursor=${encodeURIComponent(page.next)}`;
      }
      expect(values).toEqual(wh.map((each) => each / 1000));
    }
  }, 120_000);

  test('no function failed', async () => {
    const { functions } = (await (await fetch(`${stack.endpoints().console}/data/view`)).json()) as {
      functions: { label: string; invocations: number; errors: number }[];
    };
    expect(functions.some(({ invocations }) => invocations > 0)).toBe(true);
    expect(functions.filter(({ errors }) => errors > 0)).toEqual([]);
  });
});

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function publishAll(client: MqttClient, messages: readonly Sent[]): Promise<void> {
  let next = 0;
  let due = Date.now();
  const lane = async () => {
    for (let at = next++; at < messages.length; at = next++) {
      // From the one before, not from the first: who catches up after a stall is throttled, and what is throttled is never acknowledged.
      const early = due - Date.now();
      due = Math.max(due, Date.now()) + 1000 / PER_SECOND;
      if (early > 0) await pause(early);
      const { topic, payload } = messages[at] as Sent;
      await client.publishAsync(topic, payload, { qos: 1 });
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, lane));
}

async function inBucket<Result>(work: (s3: S3Client, bucket: string) => Promise<Result>): Promise<Result> {
  const operator = stack.operator();
  const ssm = new SSMClient(operator);
  const s3 = new S3Client({ ...operator, forcePathStyle: true });
  try {
    const name = '/smart-grid/local/storage/quarantine-bucket';
    const { Parameter } = await ssm.send(new GetParameterCommand({ Name: name }));
    return await work(s3, Parameter?.Value ?? '');
  } finally {
    ssm.destroy();
    s3.destroy();
  }
}

const quarantinedIds = (): Promise<string[]> =>
  inBucket(async (s3, bucket) => {
    const keys: string[] = [];
    for await (const page of paginateListObjectsV2({ client: s3 }, { Bucket: bucket, Prefix: 'interval-readings/' }))
      keys.push(...(page.Contents ?? []).map(({ Key }) => Key ?? ''));
    return keys;
  });

async function readQuarantine(): Promise<Map<string, QuarantinedMessage>> {
  const keys = await quarantinedIds();
  return inBucket(async (s3, bucket) => {
    const found = new Map<string, QuarantinedMessage>();
    let next = 0;
    const lane = async () => {
      for (let at = next++; at < keys.length; at = next++) {
        const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: keys[at] ?? '' }));
        const message = JSON.parse((await Body?.transformToString()) ?? '') as QuarantinedMessage;
        found.set(message.id, message);
      }
    };
    await Promise.all(Array.from({ length: 16 }, lane));
    return found;
  });
}
