import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import dynalite from 'dynalite';
import { dynamoIdempotencyStore } from '../../../layers/adapters/dynamodb/idempotency.ts';
import { dynamoSensorPublisher, dynamoSensorRegistry } from '../../../layers/adapters/dynamodb/sensor-registry.ts';

const NOW = Date.parse('2026-03-01T00:00:00Z');
const HOUR = 3_600_000;

let server: Server;
let client: DynamoDBDocumentClient;

beforeAll(async () => {
  server = dynalite({ createTableMs: 0 }) as Server;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const settings = {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  };
  client = DynamoDBDocumentClient.from(new DynamoDBClient(settings));
  for (const TableName of ['idempotency', 'registry']) {
    await client.send(
      new CreateTableCommand({
        TableName,
        AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
        BillingMode: 'PAY_PER_REQUEST',
      }),
    );
  }
});
afterAll(() => {
  client.destroy();
  server.close();
});

describe('idempotency of HTTP calls', () => {
  const store = () => dynamoIdempotencyStore<{ accepted: number }>(client, 'idempotency');
  const claim = (key: string, over: { bodyHash?: string; token?: string; now?: number } = {}) =>
    store().claim({ key, bodyHash: 'h1', token: 't1', now: NOW, ...over });

  test('of many at once one gets the key, the others see it in flight', async () => {
    const claims = await Promise.all(Array.from({ length: 8 }, (_, i) => claim('many', { token: `t${i}` })));
    expect(claims.map(({ state }) => state).sort()).toEqual(['claimed', ...Array(7).fill('in-flight')]);
  });

  test('an answer is repeated for a day, and another body is told so', async () => {
    await claim('kept');
    await store().complete({ key: 'kept', token: 't1', answer: { accepted: 3 }, now: NOW });
    expect(await claim('kept', { now: NOW + 23 * HOUR })).toEqual({ state: 'answered', answer: { accepted: 3 } });
    expect(await claim('kept', { bodyHash: 'h2' })).toEqual({ state: 'other-body' });
    expect((await claim('kept', { now: NOW + 25 * HOUR, bodyHash: 'h2' })).state).toBe('claimed');
  });

  test('a key that is given back, or whose caller vanished, is free', async () => {
    await claim('released');
    await store().release({ key: 'released', token: 'someone else' });
    expect((await claim('released')).state).toBe('in-flight');
    await store().release({ key: 'released', token: 't1' });
    expect((await claim('released')).state).toBe('claimed');
    expect((await claim('released', { now: NOW + 30_000 })).state).toBe('in-flight');
    expect((await claim('released', { now: NOW + 90_000 })).state).toBe('claimed');
  });
});

test('a registry of more sensors than one request takes is published, found and listed', async () => {
  const sensors = Array.from({ length: 130 }, (_, i) => ({
    sensorId: `S${String(i).padStart(3, '0')}`,
    name: 'Head',
    feederId: 'F1',
    transformerId: null,
    kinds: [{ kind: 'activePower' as const, unit: 'kW' }],
  }));
  const feeders = [{ feederId: 'F1', name: 'One', sensorId: 'S000' }];
  await dynamoSensorPublisher(client, 'registry').publish({ sensors, feeders });
  const registry = dynamoSensorRegistry(client, 'registry', () => NOW);
  const found = await registry.findSensors([...sensors.map(({ sensorId }) => sensorId), 'unknown', 'S000']);
  expect([found.size, found.get('S129'), found.has('unknown')]).toEqual([130, sensors[129], false]);
  expect(await registry.findFeeder('F1')).toEqual(feeders[0]);
  expect(await registry.findFeeder('F9')).toBeUndefined();
  expect(await registry.list()).toEqual({ sensors, feeders });
});
