import { mkdirSync } from 'node:fs';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import dynalite from 'dynalite';
import { generatedName } from '../kernel/names.ts';
import { at, listAt, textAt } from '../kernel/properties.ts';
import {
  AwsFailure,
  type AwsRequest,
  type AwsResponse,
  type AwsService,
  type Cloud,
  type Provider,
} from '../kernel/types.ts';
import { forward } from '../storage/forward.ts';

/** What dynalite answers as AWS does; anything else is refused by name. */
const OPERATIONS = new Set([
  'BatchGetItem',
  'BatchWriteItem',
  'DeleteItem',
  'DescribeTable',
  'GetItem',
  'ListTables',
  'PutItem',
  'Query',
  'Scan',
  'UpdateItem',
]);

/** How often expired items are deleted; AWS takes up to a few days. */
const EXPIRY_SWEEP_MS = 60_000;

/** DynamoDB by dynalite on disk, behind our authorisation, with time to live. */
export function dynamodb(): { providers: Provider[]; service(cloud: Cloud): AwsService } {
  let server: Promise<Server> | undefined;
  let sweep: NodeJS.Timeout | undefined;
  const running = (cloud: Cloud): Promise<Server> => {
    server ??= new Promise((resolve, reject) => {
      const path = join(cloud.stateDir, 'dynamodb');
      mkdirSync(path, { recursive: true });
      const started: Server = dynalite({ path, createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 });
      started.once('error', reject);
      started.listen(0, '127.0.0.1', () => resolve(started));
    });
    return server;
  };
  const ask = async (cloud: Cloud, target: string, body: unknown): Promise<AwsResponse> => {
    const request: AwsRequest = {
      method: 'POST',
      url: new URL('http://localhost/'),
      headers: {
        'content-type': 'application/x-amz-json-1.0',
        'x-amz-target': `DynamoDB_20120810.${target}`,
        'x-amz-date': '20000101T000000Z',
        authorization: `AWS4-HMAC-SHA256 Credential=LOCAL/20000101/${cloud.region}/dynamodb/aws4_request, SignedHeaders=host, Signature=0`,
      },
      body: Buffer.from(JSON.stringify(body)),
      target,
      principal: { kind: 'operator' },
      requestId: crypto.randomUUID(),
    };
    return forward(request, ((await running(cloud)).address() as AddressInfo).port);
  };

  const tables: Provider = {
    types: {
      'AWS::DynamoDB::Table': {
        honours: [
          'TableName',
          'AttributeDefinitions',
          'KeySchema',
          'BillingMode',
          'GlobalSecondaryIndexes',
          'LocalSecondaryIndexes',
          'SSESpecification',
          'TimeToLiveSpecification',
        ],
        passesOver: {
          Tags: 'no meaning here',
          DeletionProtectionEnabled: 'nothing deletes tables here',
          PointInTimeRecoverySpecification: 'no backups of a laptop',
        },
      },
    },
    async create(resource, cloud) {
      const { properties } = resource;
      const TableName = textAt(properties, 'TableName') ?? generatedName(resource, { most: 255 });
      const { AttributeDefinitions, KeySchema, GlobalSecondaryIndexes, LocalSecondaryIndexes } = properties;
      const created = await ask(cloud, 'CreateTable', {
        TableName,
        AttributeDefinitions,
        KeySchema,
        BillingMode: 'PAY_PER_REQUEST',
        ...(GlobalSecondaryIndexes ? { GlobalSecondaryIndexes } : {}),
        ...(LocalSecondaryIndexes ? { LocalSecondaryIndexes } : {}),
      });
      const answer = created.body?.toString() ?? '';
      if (created.status !== 200 && !answer.includes('ResourceInUseException')) throw new Error(answer);
      return { physicalId: TableName, attributes: { Arn: cloud.arn('dynamodb', `table/${TableName}`) } };
    },
    async start(cloud) {
      sweep = setInterval(() => void expire(cloud), EXPIRY_SWEEP_MS);
      sweep.unref();
    },
    async stop() {
      clearInterval(sweep);
      const started = await server;
      if (started) await new Promise<void>((resolve) => started.close(() => resolve()));
    },
  };

  const expire = async (cloud: Cloud): Promise<void> => {
    for (const { properties, physicalId: TableName } of cloud.resourcesOf('AWS::DynamoDB::Table')) {
      const attribute = textAt(properties, 'TimeToLiveSpecification', 'AttributeName');
      if (attribute === undefined || textAt(properties, 'TimeToLiveSpecification', 'Enabled') !== 'true') continue;
      const keys = listAt(properties, 'KeySchema').map((key) => String(textAt(key, 'AttributeName')));
      const scanned = await ask(cloud, 'Scan', {
        TableName,
        FilterExpression: '#t < :now',
        ExpressionAttributeNames: { '#t': attribute },
        ExpressionAttributeValues: { ':now': { N: String(Math.floor(cloud.clock() / 1000)) } },
      });
      for (const item of listAt(JSON.parse(scanned.body?.toString() ?? '{}'), 'Items')) {
        await ask(cloud, 'DeleteItem', { TableName, Key: Object.fromEntries(keys.map((key) => [key, at(item, key)])) });
      }
    }
  };

  const service = (cloud: Cloud): AwsService => ({
    signingNames: ['dynamodb'],
    access(request) {
      const body = JSON.parse(request.body.toString() || '{}') as Record<string, unknown>;
      const action = `dynamodb:${request.target}`;
      const names =
        body.TableName === undefined
          ? Object.keys((body.RequestItems as object | undefined) ?? {})
          : [String(body.TableName)];
      const index = body.IndexName === undefined ? '' : `/index/${String(body.IndexName)}`;
      if (names.length === 0) return [{ action, resource: '*' }];
      return names.map((name) => ({ action, resource: cloud.arn('dynamodb', `table/${name}${index}`) }));
    },
    async answer(request) {
      if (!OPERATIONS.has(request.target ?? '')) {
        throw new AwsFailure('UnknownOperationException', `dynamodb:${request.target} is not emulated.`);
      }
      return forward(request, ((await running(cloud)).address() as AddressInfo).port);
    },
  });
  return { providers: [tables], service };
}
