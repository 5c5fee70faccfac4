import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CreateTableCommand, type CreateTableCommandInput, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import dynalite from 'dynalite';

export interface TestTables {
  client: DynamoDBDocumentClient;
  stop(): void;
}

/** A DynamoDB with the given tables; keys by their name, `number:` before it for a number. */
export async function testTables(
  tables: Readonly<Record<string, { key: readonly string[]; indexes?: Readonly<Record<string, readonly string[]>> }>>,
): Promise<TestTables> {
  const server = dynalite({ createTableMs: 0 }) as Server;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = DynamoDBDocumentClient.from(
    new DynamoDBClient({
      endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      region: 'us-east-1',
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    }),
    { marshallOptions: { removeUndefinedValues: true } },
  );
  for (const [TableName, { key, indexes = {} }] of Object.entries(tables)) {
    const attributes = [...key, ...Object.values(indexes).flat()];
    await client.send(
      new CreateTableCommand({
        TableName,
        AttributeDefinitions: attributes.map((name) => ({
          AttributeName: nameOf(name),
          AttributeType: name.startsWith('number:') ? 'N' : 'S',
        })),
        KeySchema: schema(key),
        BillingMode: 'PAY_PER_REQUEST',
        ...(Object.keys(indexes).length === 0
          ? {}
          : {
              GlobalSecondaryIndexes: Object.entries(indexes).map(([IndexName, indexKey]) => ({
                IndexName,
                KeySchema: schema(indexKey),
                Projection: { ProjectionType: 'ALL' },
              })),
            }),
      }),
    );
  }
  return {
    client,
    stop() {
      client.destroy();
      server.close();
    },
  };
}

const nameOf = (key: string): string => key.replace(/^number:/, '');

const schema = (key: readonly string[]): CreateTableCommandInput['KeySchema'] =>
  key.map((name, place) => ({ AttributeName: nameOf(name), KeyType: place === 0 ? 'HASH' : 'RANGE' }));
