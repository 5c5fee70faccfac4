import { ArnFormat, Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { readWire } from '../config/wires.ts';
import type { Grant } from './grid-function.ts';

export type DatabaseUser = 'grid_migrator' | 'grid_writer' | 'grid_reader';

/** Sign in to the database with a token of the function's own role. */
export function connectDatabase(stack: Stack, clusterResourceId: string, user: DatabaseUser): Grant {
  return {
    sid: 'ConnectDatabase',
    actions: ['rds-db:connect'],
    resources: [
      stack.formatArn({
        service: 'rds-db',
        resource: 'dbuser',
        resourceName: `${clusterResourceId}/${user}`,
        arnFormat: ArnFormat.COLON_RESOURCE_NAME,
      }),
    ],
  };
}

export const streamArn = (scope: Construct, name: string): string =>
  Stack.of(scope).formatArn({ service: 'kinesis', resource: 'stream', resourceName: name });

export const tableArn = (scope: Construct, name: string): string =>
  Stack.of(scope).formatArn({ service: 'dynamodb', resource: 'table', resourceName: name });

export const bucketArn = (scope: Construct, name: string): string => `arn:${Stack.of(scope).partition}:s3:::${name}`;

const KEY_ACTIONS = {
  read: ['kms:Decrypt', 'kms:DescribeKey'],
  write: [
    'kms:Decrypt',
    'kms:DescribeKey',
    'kms:Encrypt',
    'kms:GenerateDataKey',
    'kms:ReEncryptFrom',
    'kms:ReEncryptTo',
  ],
} as const;

/** What an encrypted store asks its caller to be allowed with the stage's key, to read it or to write to it. */
export const useDataKey = (keyArn: string, purpose: keyof typeof KEY_ACTIONS): Grant => ({
  sid: 'UseDataKey',
  actions: KEY_ACTIONS[purpose],
  resources: [keyArn],
});

/** Take records from a stream as an event-source mapping does. */
export const consumeStream = (scope: Construct, name: string): Grant => ({
  sid: 'ConsumeStream',
  actions: [
    'kinesis:DescribeStream',
    'kinesis:DescribeStreamSummary',
    'kinesis:GetRecords',
    'kinesis:GetShardIterator',
    'kinesis:ListShards',
  ],
  resources: [streamArn(scope, name)],
});

/** Read the settings in force, for those who may use the stage's key already. */
export const getSettings = (scope: Construct, table: string): Grant => ({
  sid: 'ReadSettings',
  actions: ['dynamodb:GetItem'],
  resources: [tableArn(scope, table)],
});

/** Read the settings in force. */
export const readSettings = (
  scope: Construct,
  { table, keyArn }: { table: string; keyArn: string },
): readonly Grant[] => [getSettings(scope, table), useDataKey(keyArn, 'read')];

/** Put bad records into the quarantine, and note them in its index; objects are named by their content. */
export const putQuarantine = (scope: Construct, bucket: string, table: string): readonly Grant[] => [
  { sid: 'NoteQuarantine', actions: ['dynamodb:UpdateItem'], resources: [tableArn(scope, table)] },
  {
    sid: 'PutQuarantine',
    actions: ['s3:PutObject'],
    resources: [`${bucketArn(scope, bucket)}/*`],
    wildcardReason: 'Objects are named by the hash of what they hold, so any key of this one bucket may be written',
  },
];

/** Where an event-source mapping leaves the batches whose records aged out: it lists the bucket before it writes. */
export const keepFailedBatches = (scope: Construct, bucket: string): Grant => ({
  sid: 'KeepFailedBatches',
  actions: ['s3:ListBucket'],
  resources: [bucketArn(scope, bucket)],
});

/** Timestream, by table; the SDK first asks where the service is. */
export function timestreamGrants(
  stack: Stack,
  stage: string,
  action: 'timestream:WriteRecords' | 'timestream:Select',
): readonly Grant[] {
  const database = readWire(stack, stage, 'storage/timestream-database');
  const table = readWire(stack, stage, 'storage/timestream-table');
  return [
    {
      sid: action === 'timestream:Select' ? 'SelectTelemetry' : 'WriteTelemetry',
      actions: [action],
      resources: [
        stack.formatArn({ service: 'timestream', resource: 'database', resourceName: `${database}/table/${table}` }),
      ],
    },
    {
      sid: 'FindTimestream',
      actions: ['timestream:DescribeEndpoints'],
      resources: ['*'],
      wildcardReason: 'timestream:DescribeEndpoints has no resource-level permission',
    },
  ];
}
