import { textAt } from '../properties.ts';
import type { Access, Resource } from '../types.ts';

type KmsAction = 'kms:Decrypt' | 'kms:GenerateDataKey';

/**
 * What a caller must be allowed on the customer key that encrypts a resource, by the action on the resource. AWS makes these
 * calls in the caller's name (`kms:ViaService`).
 * Sources: Kinesis .../streams/latest/dev/permissions-user-key-KMS.html; SQS .../sqs-key-management.html; SNS
 * .../sns-key-management.html; S3 .../UsingKMSEncryption.html; DynamoDB .../encryption.usagenotes.html
 */
const KEY_USE: Readonly<Record<string, readonly KmsAction[]>> = {
  'kinesis:PutRecord': ['kms:GenerateDataKey'],
  'kinesis:PutRecords': ['kms:GenerateDataKey'],
  'kinesis:GetRecords': ['kms:Decrypt'],
  'kinesis:SubscribeToShard': ['kms:Decrypt'],
  's3:PutObject': ['kms:GenerateDataKey'],
  's3:GetObject': ['kms:Decrypt'],
  's3:GetObjectVersion': ['kms:Decrypt'],
  'sqs:SendMessage': ['kms:GenerateDataKey', 'kms:Decrypt'],
  'sqs:ReceiveMessage': ['kms:Decrypt'],
  'sns:Publish': ['kms:GenerateDataKey', 'kms:Decrypt'],
  'dynamodb:GetItem': ['kms:Decrypt'],
  'dynamodb:BatchGetItem': ['kms:Decrypt'],
  'dynamodb:Query': ['kms:Decrypt'],
  'dynamodb:Scan': ['kms:Decrypt'],
  'dynamodb:PutItem': ['kms:Decrypt'],
  'dynamodb:UpdateItem': ['kms:Decrypt'],
  'dynamodb:DeleteItem': ['kms:Decrypt'],
  'dynamodb:BatchWriteItem': ['kms:Decrypt'],
};

/** Where each type's template properties name its key. */
const KEY_PROPERTY: Readonly<Record<string, readonly (string | number)[]>> = {
  'AWS::Kinesis::Stream': ['StreamEncryption', 'KeyId'],
  'AWS::S3::Bucket': [
    'BucketEncryption',
    'ServerSideEncryptionConfiguration',
    0,
    'ServerSideEncryptionByDefault',
    'KMSMasterKeyID',
  ],
  'AWS::SQS::Queue': ['KmsMasterKeyId'],
  'AWS::SNS::Topic': ['KmsMasterKeyId'],
  'AWS::DynamoDB::Table': ['SSESpecification', 'KMSMasterKeyId'],
};

/** The key questions that follow from an access; empty when AWS holds the key or nothing is encrypted. */
export function keyAccesses(
  access: Access,
  find: (arnOrPhysicalId: string) => Resource | undefined,
  region: string,
): Access[] {
  const uses = KEY_USE[access.action];
  if (!uses) return [];
  const holder = access.resource.startsWith('arn:aws:s3:::')
    ? access.resource.split('/')[0]
    : // An index is encrypted as its table is.
      access.resource.replace(/(:table\/[^/]+)\/index\/.*$/, '$1');
  const resource = find(holder as string);
  const named = resource && textAt(resource.properties, ...(KEY_PROPERTY[resource.type] ?? ['']));
  if (named === undefined || named.startsWith('alias/aws/')) return [];
  const key = find(named)?.attributes.Arn ?? named;
  const service = access.action.split(':')[0];
  return uses.map((action) => ({
    principal: access.principal,
    action,
    resource: String(key),
    context: { 'kms:ViaService': `${service}.${region}.amazonaws.com`, ...sourceOf(access) },
  }));
}

function sourceOf(access: Access): Record<string, string | readonly string[]> {
  const kept: Record<string, string | readonly string[]> = {};
  for (const key of ['aws:SourceArn', 'aws:SourceAccount']) {
    const value = access.context?.[key];
    if (value !== undefined) kept[key] = value;
  }
  return kept;
}
