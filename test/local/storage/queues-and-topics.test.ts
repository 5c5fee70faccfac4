import { setTimeout as wait } from 'node:timers/promises';
import { DynamoDBClient, GetItemCommand, PutItemCommand, TransactWriteItemsCommand } from '@aws-sdk/client-dynamodb';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { PublishCommand, SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import { CreateQueueCommand, ReceiveMessageCommand, SetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { LIMITS } from '../../../local/kernel/limits.ts';
import { roleWith, type SmallCloud, smallCloud } from '../kernel/small-cloud.ts';

const arnOf = (id: string) => ({ 'Fn::GetAtt': [id, 'Arn'] });
const TEMPLATE = {
  Alerts: { Type: 'AWS::SNS::Topic', Properties: { Subscription: [{ Protocol: 'sqs', Endpoint: arnOf('Inbox') }] } },
  Inbox: { Type: 'AWS::SQS::Queue', Properties: {} },
  Shut: { Type: 'AWS::SQS::Queue', Properties: {} },
  ShutToo: {
    Type: 'AWS::SNS::Subscription',
    Properties: { TopicArn: { Ref: 'Alerts' }, Protocol: 'sqs', Endpoint: arnOf('Shut') },
  },
  InboxPolicy: {
    Type: 'AWS::SQS::QueuePolicy',
    Properties: {
      Queues: [{ Ref: 'Inbox' }],
      PolicyDocument: {
        Statement: [
          {
            Effect: 'Allow',
            Principal: { Service: 'sns.amazonaws.com' },
            Action: 'sqs:SendMessage',
            Resource: arnOf('Inbox'),
          },
        ],
      },
    },
  },
  AlertsPolicy: {
    Type: 'AWS::SNS::TopicPolicy',
    Properties: {
      Topics: [{ Ref: 'Alerts' }],
      PolicyDocument: {
        Statement: [
          {
            Effect: 'Allow',
            Principal: { Service: 'cloudwatch.amazonaws.com' },
            Action: 'sns:Publish',
            Resource: { Ref: 'Alerts' },
          },
        ],
      },
    },
  },
  Bucket: { Type: 'AWS::S3::Bucket', Properties: {} },
  Reader: roleWith({
    Effect: 'Allow',
    Action: ['sqs:ReceiveMessage', 'sqs:SendMessage', 's3:PutObject', 'sns:Publish', 'ssm:PutParameter'],
    Resource: '*',
  }),
  Operator: roleWith({
    Effect: 'Allow',
    Action: ['sqs:CreateQueue', 'sqs:ReceiveMessage', 'sqs:SetQueueAttributes', 'sns:Subscribe'],
    Resource: '*',
  }),
  Table: {
    Type: 'AWS::DynamoDB::Table',
    Properties: {
      AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
    },
  },
  Keeper: roleWith({ Effect: 'Allow', Action: 'dynamodb:*', Resource: arnOf('Table') }),
};

let small: SmallCloud;
const physical = (logicalId: string) =>
  small.cloud.resources.find((each) => each.logicalId === logicalId)?.physicalId as string;
const receive = (queue: string) =>
  small.cloud.call(small.role('Reader'), 'sqs', 'AmazonSQS.ReceiveMessage', { QueueUrl: physical(queue) }) as Promise<{
    Messages?: { Body: string }[];
  }>;

beforeAll(async () => {
  small = await smallCloud(TEMPLATE);
});
afterAll(() => small.stop());

test('a topic delivers to the queues that let it, and says where it could not', async () => {
  const lines: string[] = [];
  small.cloud.events.on('log', (line) => lines.push(line.text));
  small.cloud.shared.publish?.(physical('Alerts'), 'subject', 'message');
  let messages: { Body: string }[] = [];
  for (let tries = 0; tries < 50 && messages.length === 0; tries++) {
    messages = (await receive('Inbox')).Messages ?? [];
    await wait(20);
  }
  expect(JSON.parse(messages[0]?.Body ?? '{}')).toMatchObject({
    Subject: 'subject',
    Message: 'message',
    TopicArn: physical('Alerts'),
  });
  expect((await receive('Shut')).Messages ?? []).toEqual([]);
  expect(lines.join('\n')).toMatch(/not delivered to .*Shut/);
});

test('a queue subscribed by the API hears once its own policy lets the topic send, and not before', async () => {
  const operator = small.as(small.role('Operator'));
  const [sns, sqs] = [new SNSClient(operator), new SQSClient(operator)];
  const { QueueUrl = '' } = await sqs.send(new CreateQueueCommand({ QueueName: 'listener' }));
  const Endpoint = small.cloud.arn('sqs', 'listener');
  const TopicArn = physical('Alerts');
  const { SubscriptionArn } = await sns.send(new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint }));
  expect(SubscriptionArn?.startsWith(`${TopicArn}:`)).toBe(true);
  const heard = async () => {
    await wait(100);
    const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl }));
    return Messages.map(({ Body }) => JSON.parse(Body ?? '').Message);
  };
  small.cloud.shared.publish?.(TopicArn, 'subject', 'too early');
  expect(await heard()).toEqual([]);
  const Statement = [
    { Effect: 'Allow', Principal: { Service: 'sns.amazonaws.com' }, Action: 'sqs:SendMessage', Resource: Endpoint },
  ];
  await sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { Policy: JSON.stringify({ Statement }) } }));
  small.cloud.shared.publish?.(TopicArn, 'subject', 'heard');
  expect(await heard()).toEqual(['heard']);
  await expect(sns.send(new SubscribeCommand({ TopicArn, Protocol: 'sms', Endpoint: '+61' }))).rejects.toMatchObject({
    name: expect.stringContaining('InvalidParameter'),
  });
});

test('a conditional write fails as in DynamoDB; a transaction is refused by name', async () => {
  const table = new DynamoDBClient(small.as(small.role('Keeper')));
  const TableName = physical('Table');
  const put = new PutItemCommand({
    TableName,
    Item: { pk: { S: 'a' } },
    ConditionExpression: 'attribute_not_exists(pk)',
  });
  await table.send(put);
  await expect(table.send(put)).rejects.toMatchObject({ name: 'ConditionalCheckFailedException' });
  await expect(
    table.send(new TransactWriteItemsCommand({ TransactItems: [{ Put: { TableName, Item: { pk: { S: 'b' } } } }] })),
  ).rejects.toMatchObject({ name: expect.stringMatching(/UnknownOperationException|AccessDeniedException/) });
});

test('an item of 400 KB is taken, one byte more is not', async () => {
  const table = new DynamoDBClient(small.as(small.role('Keeper')));
  const TableName = physical('Table');
  // The item's size counts names and values: "pk" + "big" + one letter of key. Source: ServiceQuotas.html#limits-items
  const most = 400 * 1024 - 'pkbigx'.length;
  const put = (length: number) =>
    table.send(new PutItemCommand({ TableName, Item: { pk: { S: 'x' }, big: { S: 'v'.repeat(length) } } }));
  await put(most);
  const read = await table.send(new GetItemCommand({ TableName, Key: { pk: { S: 'x' } } }));
  expect(read.Item?.big?.S).toHaveLength(most);
  await expect(put(most + 1)).rejects.toMatchObject({ name: 'ValidationException' });
});

test('a queue takes a message of its limit, and no byte more', async () => {
  const send = (length: number) =>
    small.cloud.call(small.role('Reader'), 'sqs', 'AmazonSQS.SendMessage', {
      QueueUrl: physical('Shut'),
      MessageBody: 'v'.repeat(length),
    });
  await expect(send(LIMITS.sqs.messageBytes)).resolves.toHaveProperty('MessageId');
  await expect(send(LIMITS.sqs.messageBytes + 1)).rejects.toMatchObject({ code: 'InvalidParameterValue' });
});

test('a topic takes a message and a subject of its limits, and nothing longer', async () => {
  const sns = new SNSClient(small.as(small.role('Reader')));
  const publish = (bytes: number, Subject: string) =>
    sns.send(new PublishCommand({ TopicArn: physical('Alerts'), Message: `ü${'v'.repeat(bytes - 2)}`, Subject }));
  await publish(LIMITS.sns.messageBytes, 's'.repeat(100));
  await expect(publish(LIMITS.sns.messageBytes + 1, 's')).rejects.toMatchObject({
    message: expect.stringContaining('Message too long'),
  });
  for (const subject of ['s'.repeat(101), 'two\nlines', 'ü', ' leading']) {
    await expect(publish(2, subject)).rejects.toMatchObject({ message: expect.stringContaining('Subject') });
  }
});

test('a parameter takes a value of its limit, and no byte more', async () => {
  const ssm = new SSMClient(small.as(small.role('Reader')));
  const put = (bytes: number) =>
    ssm.send(
      new PutParameterCommand({ Name: '/limits/value', Type: 'String', Value: 'v'.repeat(bytes), Overwrite: true }),
    );
  await put(LIMITS.ssm.standardParameterBytes);
  await expect(put(LIMITS.ssm.standardParameterBytes + 1)).rejects.toMatchObject({ name: 'ValidationException' });
});

test('a bucket takes a key of its limit, and no byte more', async () => {
  const s3 = new S3Client(small.as(small.role('Reader')));
  const put = (bytes: number) =>
    s3.send(new PutObjectCommand({ Bucket: physical('Bucket'), Key: `ü${'k'.repeat(bytes - 2)}`, Body: '' }));
  await put(LIMITS.s3.keyBytes);
  await expect(put(LIMITS.s3.keyBytes + 1)).rejects.toMatchObject({ name: 'KeyTooLongError' });
});
