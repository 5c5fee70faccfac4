import {
  BatchGetCommand,
  BatchWriteCommand,
  type DynamoDBDocumentClient,
  GetCommand,
  ScanCommand,
} from '@aws-sdk/lib-dynamodb';
import type { RegisteredFeeder, RegisteredSensor } from '../../domain/network/topology-store.ts';
import type { SensorPublisher, SensorRegistry } from '../../domain/telemetry/sensor-registry.ts';

/** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html */
const ITEMS_PER_READ = 100;
const ITEMS_PER_WRITE = 25;
const ATTEMPTS = 6;

/** How old a listing or a found sensor may be. */
const FRESH_MS = 60_000;

const sensorKey = (sensorId: string): string => `sensor#${sensorId}`;
const feederKey = (feederId: string): string => `feeder#${feederId}`;

const chunks = <Item>(items: readonly Item[], size: number): Item[][] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, index) => items.slice(index * size, (index + 1) * size));

/** Unprocessed items are a throttle: they wait, longer each time. */
const pause = (attempt: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, 50 * 2 ** attempt));

const withoutKey = <Item>(item: Record<string, unknown>): Item => {
  const { pk: _, ...rest } = item;
  return rest as Item;
};

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

export function dynamoSensorRegistry(
  client: DynamoDBDocumentClient,
  table: string,
  clock: () => number = Date.now,
): SensorRegistry {
  const known = new Map<string, { sensor: RegisteredSensor; until: number }>();
  let listing: { value: Awaited<ReturnType<SensorRegistry['list']>>; until: number } | undefined;
  return {
    async findSensors(sensorIds) {
      const now = clock();
      const wanted = [...new Set(sensorIds)].filter((id) => (known.get(id)?.until ?? 0) < now);
      for (const chunk of chunks(wanted, ITEMS_PER_READ)) {
        // What is gone, or not there yet, is asked for again next time.
        for (const id of chunk) known.delete(id);
        for (const item of await getAll(client, table, chunk.map(sensorKey))) {
          const sensor = withoutKey<RegisteredSensor>(item);
          known.set(sensor.sensorId, { sensor, until: now + FRESH_MS });
        }
      }
      return new Map(
        sensorIds.flatMap((id) => [...(known.has(id) ? [[id, known.get(id)?.sensor] as const] : [])]),
      ) as Map<string, RegisteredSensor>;
    },
    async findFeeder(feederId) {
      const { Item } = await client.send(new GetCommand({ TableName: table, Key: { pk: feederKey(feederId) } }));
      return Item ? withoutKey<RegisteredFeeder>(Item) : undefined;
    },
    async list() {
      const now = clock();
      if (!listing || listing.until < now) listing = { value: await scan(client, table), until: now + FRESH_MS };
      return listing.value;
    },
  };
}

async function getAll(
  client: DynamoDBDocumentClient,
  table: string,
  keys: readonly string[],
): Promise<Record<string, unknown>[]> {
  const found: Record<string, unknown>[] = [];
  let wanted: Record<string, unknown>[] = keys.map((pk) => ({ pk }));
  for (let attempt = 0; wanted.length > 0; attempt += 1) {
    if (attempt === ATTEMPTS) throw new Error('REGISTRY_THROTTLED');
    if (attempt > 0) await pause(attempt);
    const answer = await client.send(new BatchGetCommand({ RequestItems: { [table]: { Keys: wanted } } }));
    found.push(...(answer.Responses?.[table] ?? []));
    wanted = answer.UnprocessedKeys?.[table]?.Keys ?? [];
  }
  return found;
}

async function scan(client: DynamoDBDocumentClient, table: string) {
  const sensors: RegisteredSensor[] = [];
  const feeders: RegisteredFeeder[] = [];
  let after: Record<string, unknown> | undefined;
  do {
    const page = await client.send(
      new ScanCommand({ TableName: table, ...(after === undefined ? {} : { ExclusiveStartKey: after }) }),
    );
    for (const item of page.Items ?? []) {
      if (String(item.pk).startsWith('sensor#')) sensors.push(withoutKey(item));
      if (String(item.pk).startsWith('feeder#')) feeders.push(withoutKey(item));
    }
    after = page.LastEvaluatedKey;
  } while (after !== undefined);
  return {
    sensors: sensors.sort((a, b) => byText(a.sensorId, b.sensorId)),
    feeders: feeders.sort((a, b) => byText(a.feederId, b.feederId)),
  };
}

export function dynamoSensorPublisher(client: DynamoDBDocumentClient, table: string): SensorPublisher {
  return {
    async publish({ sensors, feeders }) {
      const items = [
        ...sensors.map((sensor) => ({ pk: sensorKey(sensor.sensorId), ...sensor })),
        ...feeders.map((feeder) => ({ pk: feederKey(feeder.feederId), ...feeder })),
      ];
      for (const chunk of chunks(items, ITEMS_PER_WRITE)) {
        let writes = chunk.map((Item): { PutRequest: { Item: Record<string, unknown> } } => ({ PutRequest: { Item } }));
        for (let attempt = 0; writes.length > 0; attempt += 1) {
          if (attempt === ATTEMPTS) throw new Error('REGISTRY_THROTTLED');
          if (attempt > 0) await pause(attempt);
          const answer = await client.send(new BatchWriteCommand({ RequestItems: { [table]: writes } }));
          writes = (answer.UnprocessedItems?.[table] ?? []) as typeof writes;
        }
      }
    },
  };
}
