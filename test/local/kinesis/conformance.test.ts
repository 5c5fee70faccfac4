import {
  DescribeStreamSummaryCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  type GetShardIteratorCommandInput,
  KinesisClient,
  ListShardsCommand,
  ListStreamsCommand,
  PutRecordCommand,
  PutRecordsCommand,
} from '@aws-sdk/client-kinesis';
import { kinesisLimits } from '../../../local/kinesis/limits.ts';
import { runningCloud, until } from '../lambda/running-cloud.ts';

let running: Awaited<ReturnType<typeof runningCloud>>;
let client: KinesisClient;
const data = Buffer.from('x');

beforeAll(async () => {
  running = await runningCloud({ grants: ['kinesis:*'], throttled: true });
  await running.create('AWS::Kinesis::Stream', 'two', { Name: 'two', ShardCount: 2 });
  await running.create('AWS::Kinesis::Stream', 'read', { Name: 'read', ShardCount: 1 });
  await running.create('AWS::Kinesis::Stream', 'busy', { Name: 'busy', ShardCount: 1 });
  await running.create('AWS::Kinesis::Stream', 'free', {
    Name: 'free',
    StreamModeDetails: { StreamMode: 'ON_DEMAND' },
  });
  client = connect({ kind: 'role', roleArn: running.roleArn });
  await running.start();
});
afterAll(async () => {
  client.destroy();
  await running.stop();
});

/** The SDK as it is: HTTP/2 to the gateway. */
const connect = (principal: Parameters<typeof running.cloud.credentials>[0]) =>
  new KinesisClient({
    region: running.cloud.region,
    endpoint: running.cloud.endpoint,
    credentials: running.cloud.credentials(principal),
    maxAttempts: 1,
  });

const read = async (StreamName: string, from: Partial<GetShardIteratorCommandInput>) => {
  const { ShardIterator } = await client.send(
    new GetShardIteratorCommand({
      StreamName,
      ShardId: 'shardId-000000000000',
      ShardIteratorType: 'TRIM_HORIZON',
      ...from,
    }),
  );
  const { Records } = await client.send(new GetRecordsCommand({ ShardIterator }));
  return (Records ?? []).map((record) => ({
    text: Buffer.from(record.Data ?? []).toString(),
    arrival: record.ApproximateArrivalTimestamp,
  }));
};

test('shards divide the hash space, a key always takes the same one', async () => {
  const { Shards } = await client.send(new ListShardsCommand({ StreamName: 'two' }));
  expect(Shards?.map(({ HashKeyRange }) => HashKeyRange)).toEqual([
    { StartingHashKey: '0', EndingHashKey: String(2n ** 127n - 1n) },
    { StartingHashKey: String(2n ** 127n), EndingHashKey: String(2n ** 128n - 1n) },
  ]);
  const { Records } = await client.send(
    new PutRecordsCommand({
      StreamName: 'two',
      Records: [
        // md5('a') begins with 0c, md5('b') with 92.
        ...['a', 'b', 'a'].map((PartitionKey) => ({ PartitionKey, Data: data })),
        { PartitionKey: 'a', ExplicitHashKey: String(2n ** 128n - 1n), Data: data },
      ],
    }),
  );
  expect(Records?.map(({ ShardId }) => ShardId?.at(-1))).toEqual(['0', '1', '0', '1']);
  const [first, , third] = (Records ?? []).map(({ SequenceNumber }) => BigInt(SequenceNumber ?? 0));
  expect(third).toBeGreaterThan(first as bigint);
  const { StreamDescriptionSummary } = await client.send(new DescribeStreamSummaryCommand({ StreamName: 'free' }));
  expect(StreamDescriptionSummary).toMatchObject({
    OpenShardCount: 4,
    StreamStatus: 'ACTIVE',
    RetentionPeriodHours: 24,
  });
  expect((await client.send(new ListStreamsCommand({}))).StreamNames).toContain('two');
});

test('every iterator type begins where it says', async () => {
  const numbers: string[] = [];
  for (const text of ['one', 'two', 'three']) {
    const put = new PutRecordCommand({ StreamName: 'read', PartitionKey: 'k', Data: Buffer.from(text) });
    numbers.push((await client.send(put)).SequenceNumber ?? '');
    // The next record arrives in another millisecond.
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const at = { StartingSequenceNumber: numbers[1] };
  const all = await read('read', { ShardIteratorType: 'TRIM_HORIZON' });
  const texts = async (from: Parameters<typeof read>[1]) => (await read('read', from)).map(({ text }) => text);
  expect(all.map(({ text }) => text)).toEqual(['one', 'two', 'three']);
  expect(await texts({ ShardIteratorType: 'AT_SEQUENCE_NUMBER', ...at })).toEqual(['two', 'three']);
  expect(await texts({ ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', ...at })).toEqual(['three']);
  expect(await texts({ ShardIteratorType: 'LATEST' })).toEqual([]);
  expect(await texts({ ShardIteratorType: 'AT_TIMESTAMP', Timestamp: all[2]?.arrival })).toEqual(['three']);
});

/** API_PutRecord, API_PutRecords: record size, count and request size; API_GetRecords: Limit. */
test('limits hold at the limit and one past it', async () => {
  const put = (bytes: number) =>
    client.send(new PutRecordCommand({ StreamName: 'free', PartitionKey: 'k', Data: Buffer.alloc(bytes) }));
  await put(1024 * 1024 - 1);
  await expect(put(1024 * 1024)).rejects.toMatchObject({ name: 'ValidationException' });
  const records = (count: number, bytes: number) =>
    client.send(
      new PutRecordsCommand({
        StreamName: 'free',
        Records: Array.from({ length: count }, () => ({ PartitionKey: 'k', Data: Buffer.alloc(bytes) })),
      }),
    );
  await records(kinesisLimits.putRecordsCount, 1);
  await expect(records(kinesisLimits.putRecordsCount + 1, 1)).rejects.toMatchObject({ name: 'ValidationException' });
  await records(10, 1024 * 1024 - 1);
  await expect(records(11, 1024 * 1024 - 1)).rejects.toMatchObject({ name: 'InvalidArgumentException' });
  const key = (chars: number) =>
    client.send(new PutRecordCommand({ StreamName: 'free', PartitionKey: 'k'.repeat(chars), Data: data }));
  await key(256);
  await expect(key(257)).rejects.toMatchObject({ name: 'ValidationException' });
});

/**
 * API_PutRecords: "Each shard can support writes up to 1,000 records per second"; failed records are told one by one.
 * https://docs.aws.amazon.com/streams/latest/dev/monitoring-with-cloudwatch.html: both sorts are counted.
 */
test('a provisioned shard refuses the records beyond its rate, one by one, and the metrics say so', async () => {
  const send = () =>
    client.send(
      new PutRecordsCommand({
        StreamName: 'busy',
        Records: Array.from({ length: 500 }, () => ({ PartitionKey: 'k', Data: data })),
      }),
    );
  const answers = await Promise.all([send(), send(), send(), send(), send()]);
  const refused = answers.flatMap(({ Records }) => Records ?? []).filter(({ ErrorCode }) => ErrorCode);
  expect(refused.length).toBeGreaterThanOrEqual(500);
  expect(refused[0]?.ErrorCode).toBe('ProvisionedThroughputExceededException');
  expect(refused.length).toBe(answers.reduce((sum, { FailedRecordCount }) => sum + (FailedRecordCount ?? 0), 0));
  const counted = (name: string) =>
    running.metrics
      .filter((datum) => datum.name === name && datum.dimensions.StreamName === 'busy')
      .reduce((sum, { value }) => sum + value, 0);
  await until(() => counted('IncomingRecords') > 0);
  expect(counted('IncomingRecords')).toBe(2500 - refused.length);
  expect(counted('WriteProvisionedThroughputExceeded')).toBe(refused.length);
});

/** API_GetShardIterator, API_GetRecords: error names. */
test('unknown streams, shards, iterators and denied callers are refused by name', async () => {
  const unknown = new PutRecordCommand({ StreamName: 'none', PartitionKey: 'k', Data: data });
  await expect(client.send(unknown)).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  await expect(read('read', { ShardId: 'shardId-000000000009' })).rejects.toMatchObject({
    name: 'ResourceNotFoundException',
  });
  await expect(
    read('read', { ShardIteratorType: 'AT_SEQUENCE_NUMBER', StartingSequenceNumber: '1' }),
  ).rejects.toMatchObject({
    name: 'InvalidArgumentException',
  });
  const arn = running.cloud.arn('kinesis', 'stream/read');
  const old = { arn, shard: 'shardId-000000000000', position: 0, issued: Date.now() - 300_001 };
  const ShardIterator = Buffer.from(JSON.stringify(old)).toString('base64');
  await expect(client.send(new GetRecordsCommand({ ShardIterator }))).rejects.toMatchObject({
    name: 'ExpiredIteratorException',
  });
  running.cloud.policies.addRole('arn:aws:iam::000000000000:role/nobody', { Version: '2012-10-17', Statement: [] });
  const nobody = connect({ kind: 'role', roleArn: 'arn:aws:iam::000000000000:role/nobody' });
  const put = new PutRecordCommand({ StreamName: 'read', PartitionKey: 'k', Data: data });
  await expect(nobody.send(put)).rejects.toMatchObject({ name: 'AccessDeniedException' });
  nobody.destroy();
});
