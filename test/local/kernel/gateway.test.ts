// biome-ignore-all lint/suspicious/noTemplateCurlyInString: Fn::Sub's own placeholders
import { DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { NodeHttp2Handler } from '@smithy/node-http-handler';
import { roleWith, type SmallCloud, smallCloud } from './small-cloud.ts';

const arnOf = (id: string) => ({ 'Fn::GetAtt': [id, 'Arn'] });
const under = (id: string) => ({ 'Fn::Sub': `\${${id}.Arn}/*` });

const keyed = (KeyId: unknown) => ({
  ServerSideEncryptionConfiguration: [
    { ServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: KeyId } },
  ],
});

const TEMPLATE = {
  Key: {
    Type: 'AWS::KMS::Key',
    Properties: {
      KeyPolicy: {
        Statement: [
          {
            Effect: 'Allow',
            Principal: { AWS: { 'Fn::Sub': 'arn:aws:iam::${AWS::AccountId}:root' } },
            Action: 'kms:*',
            Resource: '*',
          },
        ],
      },
    },
  },
  Plain: { Type: 'AWS::S3::Bucket', Properties: {} },
  Sealed: { Type: 'AWS::S3::Bucket', Properties: { BucketEncryption: keyed(arnOf('Key')) } },
  SealedPolicy: {
    Type: 'AWS::S3::BucketPolicy',
    Properties: {
      Bucket: { Ref: 'Plain' },
      PolicyDocument: {
        Statement: [
          { Effect: 'Deny', Principal: '*', Action: 's3:PutObject', Resource: { 'Fn::Sub': '${Plain.Arn}/locked/*' } },
          {
            Effect: 'Allow',
            Principal: { AWS: arnOf('Stranger') },
            Action: 's3:GetObject',
            Resource: { 'Fn::Sub': '${Plain.Arn}/shared/*' },
          },
        ],
      },
    },
  },
  Table: {
    Type: 'AWS::DynamoDB::Table',
    Properties: {
      AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
    },
  },
  Setting: { Type: 'AWS::SSM::Parameter', Properties: { Name: '/a/b', Type: 'String', Value: arnOf('Table') } },
  Writer: roleWith(
    { Effect: 'Allow', Action: ['s3:PutObject', 's3:GetObject'], Resource: [under('Plain'), under('Sealed')] },
    { Effect: 'Allow', Action: 'kms:*', Resource: arnOf('Key') },
    { Effect: 'Allow', Action: 'dynamodb:PutItem', Resource: arnOf('Table') },
    { Effect: 'Allow', Action: 'ssm:GetParameter', Resource: '*' },
  ),
  Keyless: roleWith({ Effect: 'Allow', Action: 's3:*', Resource: under('Sealed') }),
  Stranger: roleWith({ Effect: 'Allow', Action: 'ssm:GetParameter', Resource: 'arn:aws:ssm:*:*:parameter/other' }),
  Vpc: { Type: 'AWS::EC2::VPC', Properties: { CidrBlock: '10.0.0.0/16' } },
  Subnet: { Type: 'AWS::EC2::Subnet', Properties: { VpcId: { Ref: 'Vpc' }, CidrBlock: '10.0.0.0/24' } },
  Routes: { Type: 'AWS::EC2::RouteTable', Properties: { VpcId: { Ref: 'Vpc' } } },
  Association: {
    Type: 'AWS::EC2::SubnetRouteTableAssociation',
    Properties: { SubnetId: { Ref: 'Subnet' }, RouteTableId: { Ref: 'Routes' } },
  },
  Group: {
    Type: 'AWS::EC2::SecurityGroup',
    Properties: {
      VpcId: { Ref: 'Vpc' },
      SecurityGroupEgress: [{ IpProtocol: 'tcp', FromPort: 443, ToPort: 443, CidrIp: '0.0.0.0/0' }],
    },
  },
  Gateway: {
    Type: 'AWS::EC2::VPCEndpoint',
    Properties: {
      VpcId: { Ref: 'Vpc' },
      ServiceName: 'com.amazonaws.ap-southeast-2.s3',
      VpcEndpointType: 'Gateway',
      RouteTableIds: [{ Ref: 'Routes' }],
      PolicyDocument: {
        Statement: [{ Effect: 'Allow', Principal: '*', Action: 's3:PutObject', Resource: under('Plain') }],
      },
    },
  },
};

let small: SmallCloud;
const physical = (logicalId: string) =>
  small.cloud.resources.find((each) => each.logicalId === logicalId)?.physicalId as string;
const put = (settings: object, bucket: string, Key = 'a b/ü+1.json') =>
  new S3Client(settings).send(new PutObjectCommand({ Bucket: physical(bucket), Key, Body: 'body' }));

beforeAll(async () => {
  small = await smallCloud(TEMPLATE);
});
afterAll(() => small.stop());

test('a role does what its policies allow, over both protocols', async () => {
  const settings = small.as(small.role('Writer'));
  await put(settings, 'Plain');
  const read = await new S3Client(settings).send(
    new GetObjectCommand({ Bucket: physical('Plain'), Key: 'a b/ü+1.json' }),
  );
  expect(await read.Body?.transformToString()).toBe('body');
  const table = new DynamoDBClient({ ...settings, requestHandler: new NodeHttp2Handler() });
  await table.send(new PutItemCommand({ TableName: physical('Table'), Item: { pk: { S: 'x' } } }));
  table.destroy();
  const found = await new SSMClient(settings).send(new GetParameterCommand({ Name: '/a/b' }));
  expect(found.Parameter?.Value).toMatch(/^arn:aws:dynamodb:ap-southeast-2:000000000000:table\/small-Table-/);
});

test('what no policy allows is denied in the protocol’s own form', async () => {
  const settings = small.as(small.role('Writer'));
  const get = new DynamoDBClient(settings).send(
    new GetItemCommand({ TableName: physical('Table'), Key: { pk: { S: 'x' } } }),
  );
  await expect(get).rejects.toMatchObject({
    name: 'AccessDeniedException',
    message: expect.stringContaining('dynamodb:GetItem'),
  });
  const stranger = small.as(small.role('Stranger'));
  await expect(put(stranger, 'Plain')).rejects.toMatchObject({
    name: 'AccessDenied',
    $metadata: { httpStatusCode: 403 },
  });
  await expect(new SSMClient(stranger).send(new GetParameterCommand({ Name: '/a/b' }))).rejects.toThrow(
    'not authorized',
  );
});

test('a resource policy allows by itself, and its deny wins over the identity’s allow', async () => {
  await put(small.as(small.role('Writer')), 'Plain', 'shared/one');
  const read = new GetObjectCommand({ Bucket: physical('Plain'), Key: 'shared/one' });
  await new S3Client(small.as(small.role('Stranger'))).send(read);
  await expect(put(small.as(small.role('Writer')), 'Plain', 'locked/one')).rejects.toThrow('explicit deny');
});

test('an encrypted bucket takes the right to its key as well', async () => {
  await put(small.as(small.role('Writer')), 'Sealed');
  await expect(put(small.as(small.role('Keyless')), 'Sealed')).rejects.toThrow('kms:GenerateDataKey');
});

test('a function in a VPC reaches only what has an endpoint there, and only what its policy lets through', async () => {
  const vpcSubnetIds = [physical('Subnet')];
  const inside = small.role('Writer', { functionName: 'f', vpcSubnetIds, securityGroupIds: [physical('Group')] });
  await put(small.as(inside), 'Plain', 'from-inside');
  const lines: string[] = [];
  small.cloud.events.on('log', (line) => lines.push(line.text));
  await expect(put(small.as(inside), 'Sealed')).rejects.not.toHaveProperty('name', 'AccessDenied');
  await expect(new SSMClient(small.as(inside)).send(new GetParameterCommand({ Name: '/a/b' }))).rejects.toThrow();
  expect(lines.join('\n')).toContain('f cannot reach s3: the endpoint');
  expect(lines.join('\n')).toContain('f cannot reach ssm: its VPC has no endpoint');
});

test('expired, forged and unknown credentials are refused', async () => {
  const ask = (settings: object) => new SSMClient(settings).send(new GetParameterCommand({ Name: '/a/b' }));
  const good = small.as(small.role('Writer'));
  const expired = small.as(small.role('Writer'), { lifeMs: -1 });
  await expect(ask(expired)).rejects.toMatchObject({ name: 'ExpiredTokenException' });
  const wrongSecret = { ...good, credentials: { ...good.credentials, secretAccessKey: 'guessed' } };
  await expect(ask(wrongSecret)).rejects.toMatchObject({ name: 'SignatureDoesNotMatch' });
  const stranger = small.as(small.role('Stranger')).credentials.sessionToken;
  const swapped = { ...good, credentials: { ...good.credentials, sessionToken: stranger } };
  await expect(ask(swapped)).rejects.toMatchObject({ name: 'UnrecognizedClientException' });
  const unknown = { ...good, credentials: { accessKeyId: 'AKIAUNKNOWN', secretAccessKey: 'x' } };
  await expect(ask(unknown)).rejects.toMatchObject({ name: 'UnrecognizedClientException' });
  expect((await fetch(small.cloud.endpoint)).status).toBe(403);
});
