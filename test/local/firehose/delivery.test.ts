import { gunzipSync } from 'node:zlib';
import { firehose } from '../../../local/firehose/index.ts';
import { expandPrefix } from '../../../local/firehose/prefix.ts';
import { AwsFailure, type AwsRequest } from '../../../local/kernel/types.ts';
import { runningCloud, until } from '../lambda/running-cloud.ts';

const time = new Date('2024-02-03T04:05:06Z');
const random = () => 'r';

/** https://docs.aws.amazon.com/firehose/latest/dev/s3-prefixes.html */
test.each([
  ['raw/!{timestamp:yyyy/MM/dd/HH}/', 'raw/2024/02/03/04/'],
  ["!{timestamp:'y='yyyy}/", 'y=2024/'],
  ['raw/', 'raw/2024/02/03/04/'],
  ['!{firehose:random-string}/', 'r/'],
])('the prefix %s becomes %s', (prefix, expected) => expect(expandPrefix(prefix, { time, random })).toBe(expected));

test('an unknown expression is refused', () => {
  expect(() => expandPrefix('!{partitionKeyFromQuery:x}/', { time, random })).toThrow('partitionKeyFromQuery');
});

test('records reach the bucket in order as the role, an outage of S3 is waited out, a restart goes on behind them', async () => {
  const grants = ['kinesis:DescribeStream', 'kinesis:GetShardIterator', 'kinesis:GetRecords', 's3:PutObject'];
  const objects: { key: string; text: string }[] = [];
  let outage = true;
  const part = async (stateDir?: string) => {
    const running = await runningCloud({ grants, ...(stateDir ? { stateDir } : {}) });
    running.cloud.addService({
      signingNames: ['s3'],
      access: () => [{ action: 's3:PutObject', resource: 'arn:aws:s3:::archive/x' }],
      answer: async (request: AwsRequest) => {
        if (outage) throw new AwsFailure('NoSuchBucket', 'not yet', 404);
        const { pathname } = request.url;
        objects.push({ key: pathname, text: gunzipSync(request.body).toString() });
        return { status: 200, headers: { etag: '"1"' } };
      },
    });
    const stream = await running.create('AWS::Kinesis::Stream', 'readings', { Name: 'readings', ShardCount: 1 });
    const { provider } = firehose();
    const properties = {
      DeliveryStreamName: 'archive',
      DeliveryStreamType: 'KinesisStreamAsSource',
      KinesisStreamSourceConfiguration: { KinesisStreamARN: stream.attributes.Arn, RoleARN: running.roleArn },
      ExtendedS3DestinationConfiguration: {
        BucketARN: 'arn:aws:s3:::archive',
        RoleARN: running.roleArn,
        Prefix: 'raw/!{timestamp:yyyy}/',
        ErrorOutputPrefix: 'failed/',
        BufferingHints: { SizeInMBs: 1, IntervalInSeconds: 0 },
        CompressionFormat: 'GZIP',
      },
    };
    const pending = {
      stack: 'T',
      logicalId: 'd',
      path: 'T/d',
      type: 'AWS::KinesisFirehose::DeliveryStream',
      properties,
    };
    await provider.create(pending, running.cloud);
    await provider.start?.(running.cloud);
    const put = (...texts: string[]) =>
      running.cloud.shared.kinesis?.append(
        String(stream.attributes.Arn),
        texts.map((text) => ({ partitionKey: 'k', data: Buffer.from(text) })),
      );
    return { running, provider, put };
  };
  const first = await part();
  await first.put('a', 'b');
  await until(() => first.running.lines.some(({ source, text }) => source === 'firehose' && text.includes('not yet')));
  outage = false;
  await until(() => objects.length === 1);
  expect(objects[0]?.text).toBe('ab');
  expect(objects[0]?.key).toMatch(/^\/archive\/raw\/\d{4}\/archive-1-\d{4}(-\d\d){5}-[0-9a-f-]{36}\.gz$/);
  await first.provider.stop?.();
  await first.put('c');
  await first.running.stop(true);
  const second = await part(first.running.stateDir);
  await until(() => objects.length === 2);
  expect(objects[1]?.text).toBe('c');
  await second.provider.stop?.();
  await second.running.stop();
});
