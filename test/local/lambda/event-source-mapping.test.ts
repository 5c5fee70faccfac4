import fc from 'fast-check';
import type { AwsRequest } from '../../../local/kernel/types.ts';
import { runningCloud, STREAM_GRANTS, until } from './running-cloud.ts';

type Running = Awaited<ReturnType<typeof runningCloud>>;
let running: Running;
afterEach(() => running.stop());

/** The handler prints each batch as its texts joined by commas, then decides by the code given. */
const consumer = (decide: string) => `
const textOf = (record) => Buffer.from(record.kinesis.data, 'base64').toString();
exports.handler = async ({ Records }) => {
  const texts = Records.map(textOf);
  console.log('batch ' + texts.join(','));
  const fail = (text) => ({ itemIdentifier: Records[texts.indexOf(text)].kinesis.sequenceNumber });
  ${decide}
};`;

const batches = () =>
  running.lines
    .filter(({ text }) => text.startsWith('batch '))
    .map(({ text }) => text.slice('batch '.length).split(','));

async function mapped(decide: string, mapping: Record<string, unknown>, before: string[] = [], grants = STREAM_GRANTS) {
  running = await runningCloud({ grants });
  const stream = await running.create('AWS::Kinesis::Stream', 's', { Name: 's', ShardCount: 1 });
  const arn = String(stream.attributes.Arn);
  const put = (texts: string[], key: (text: string) => string = () => 'k') =>
    running.cloud.shared.kinesis?.append(
      arn,
      texts.map((text) => ({ partitionKey: key(text), data: Buffer.from(text) })),
    );
  if (before.length > 0) await put(before);
  await running.fn('consumer', consumer(decide));
  await running.create('AWS::Lambda::EventSourceMapping', 'm', {
    EventSourceArn: arn,
    FunctionName: 'consumer',
    StartingPosition: 'TRIM_HORIZON',
    ...mapping,
  });
  return { put };
}

const idle = () =>
  until(() => running.cloud.shared.lambda?.mappings()[0]?.lag.every(({ records }) => records === 0) ?? false);

test('a batch holds at most BatchSize records, in order, and what comes later is fed without delay', async () => {
  const { put } = await mapped('', { BatchSize: 2 }, ['a', 'b', 'c']);
  await running.start();
  await idle();
  expect(batches()).toEqual([['a', 'b'], ['c']]);
  const started = performance.now();
  await put(['d']);
  await until(() => batches().length === 3);
  expect(performance.now() - started).toBeLessThan(500);
  expect(running.metrics.some(({ name }) => name === 'IteratorAge')).toBe(true);
});

test('a window gathers a batch', async () => {
  const { put } = await mapped('', { BatchSize: 100, MaximumBatchingWindowInSeconds: 1 });
  await running.start();
  await put(['a']);
  await new Promise((resolve) => setTimeout(resolve, 200));
  await put(['b']);
  await until(() => batches().length > 0);
  expect(batches()).toEqual([['a', 'b']]);
});

test('a failing batch is retried as it is, then given up', async () => {
  await mapped(`if (texts.includes('bad')) throw new Error('no');`, { BatchSize: 2, MaximumRetryAttempts: 1 }, [
    'a',
    'bad',
    'c',
  ]);
  await running.start();
  await idle();
  expect(batches()).toEqual([['a', 'bad'], ['a', 'bad'], ['c']]);
});

test('bisecting leaves the poison alone, which goes to S3 with its payload as the role', async () => {
  const onFailure = { OnFailure: { Destination: 'arn:aws:s3:::failed' } };
  const grants = [...STREAM_GRANTS, 's3:PutObject'];
  const poison = `if (texts.includes('bad')) throw new Error('no');`;
  const mapping = { BisectBatchOnFunctionError: true, MaximumRetryAttempts: 1, DestinationConfig: onFailure };
  await mapped(poison, mapping, ['a', 'b', 'bad', 'c'], grants);
  const objects: { path: string; body: string }[] = [];
  running.cloud.addService({
    signingNames: ['s3'],
    access: () => [{ action: 's3:PutObject', resource: 'arn:aws:s3:::failed/x' }],
    answer: async (request: AwsRequest) => {
      objects.push({ path: request.url.pathname, body: request.body.toString() });
      return { status: 200, headers: { etag: '"1"' } };
    },
  });
  await running.start();
  await idle();
  expect(batches()).toEqual([['a', 'b', 'bad', 'c'], ['a', 'b'], ['bad', 'c'], ['bad'], ['bad'], ['c']]);
  expect(objects).toHaveLength(1);
  expect(objects[0]?.path).toMatch(
    /^\/failed\/aws\/lambda\/[0-9a-f-]{36}\/shardId-000000000000\/\d{4}\/\d\d\/\d\d\/[0-9-]{10}T[0-9.]{8}-[0-9a-f-]{36}$/,
  );
  const record = JSON.parse(objects[0]?.body ?? '{}');
  expect(record.requestContext.condition).toBe('RetryAttemptsExhausted');
  expect(record.KinesisBatchInfo.batchSize).toBe(1);
  const [poisoned] = JSON.parse(record.payload).Records;
  expect(Buffer.from(poisoned.kinesis.data, 'base64').toString()).toBe('bad');
});

/** https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html */
test('the lowest reported failure is the new checkpoint', async () => {
  const decide = `globalThis.tries = (globalThis.tries ?? 0) + 1; if (globalThis.tries === 1) return { batchItemFailures: [fail('d'), fail('b')] };`;
  await mapped(decide, { FunctionResponseTypes: ['ReportBatchItemFailures'] }, ['a', 'b', 'c', 'd']);
  await running.start();
  await idle();
  expect(batches()).toEqual([
    ['a', 'b', 'c', 'd'],
    ['b', 'c', 'd'],
  ]);
});

test.each(['""', 'null', '"1234"'])('the identifier %s fails the whole batch', async (identifier) => {
  const decide = `globalThis.tries = (globalThis.tries ?? 0) + 1; if (globalThis.tries === 1) return { batchItemFailures: [{ itemIdentifier: ${identifier} }] };`;
  await mapped(decide, { FunctionResponseTypes: ['ReportBatchItemFailures'] }, ['a', 'b']);
  await running.start();
  await idle();
  expect(batches()).toEqual([
    ['a', 'b'],
    ['a', 'b'],
  ]);
});

test('a filter lets only matching records through', async () => {
  const pattern = JSON.stringify({ data: { topic: [{ suffix: '/interval-readings' }] } });
  const [wanted, other] = ['m/interval-readings', 'm/meter-events'].map((topic) => JSON.stringify({ topic }));
  await mapped('', { FilterCriteria: { Filters: [{ Pattern: pattern }] } }, [wanted as string, other as string]);
  await running.start();
  await idle();
  expect(batches()).toEqual([[wanted]]);
});

test.each(STREAM_GRANTS)('without %s the function is never fed, and the log says so', async (missing) => {
  await mapped(
    '',
    {},
    ['a'],
    STREAM_GRANTS.filter((grant) => grant !== missing),
  );
  await running.start();
  await until(() => running.lines.some(({ text }) => text.includes(`lacks ${missing}`)));
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(batches()).toEqual([]);
});

test('a batch keeps within the payload limit', async () => {
  await mapped('', { BatchSize: 100 });
  const big = 'x'.repeat(1_000_000);
  await running.cloud.shared.kinesis?.append(
    running.cloud.arn('kinesis', 'stream/s'),
    Array.from({ length: 9 }, () => ({ partitionKey: 'k', data: Buffer.from(big) })),
  );
  await running.start();
  await idle();
  expect(batches().map((batch) => batch.length)).toEqual([4, 4, 1]);
});

test('a restart goes on at the checkpoint', async () => {
  const { put } = await mapped('', {}, ['a', 'b']);
  await running.start();
  await idle();
  await running.stop(true);
  const former = running;
  running = await runningCloud({ stateDir: former.stateDir });
  await running.create('AWS::Kinesis::Stream', 's', { Name: 's', ShardCount: 1 });
  await running.fn('consumer', consumer(''));
  const EventSourceArn = running.cloud.arn('kinesis', 'stream/s');
  const mapping = { EventSourceArn, FunctionName: 'consumer', StartingPosition: 'TRIM_HORIZON' };
  await running.create('AWS::Lambda::EventSourceMapping', 'm', mapping);
  await running.start();
  await put(['c']);
  await idle();
  expect(batches()).toEqual([['c']]);
});

test('whatever fails and however it is parallelised, each key is done in order and nothing is left out', async () => {
  const decide = `
  const seen = (globalThis.seen ??= new Map());
  for (const text of texts) {
    const [, , failures] = text.split(':');
    const before = seen.get(text) ?? 0;
    seen.set(text, before + 1);
    if (before < Number(failures)) {
      console.log('batch-done ' + texts.slice(0, texts.indexOf(text)).join(','));
      return { batchItemFailures: [fail(text)] };
    }
  }
  console.log('batch-done ' + texts.join(','));`;
  const { put } = await mapped(decide, {
    BatchSize: 5,
    ParallelizationFactor: 4,
    BisectBatchOnFunctionError: true,
    FunctionResponseTypes: ['ReportBatchItemFailures'],
  });
  await running.start();
  let round = 0;
  const record = fc.record({ key: fc.integer({ min: 0, max: 9 }), failures: fc.constantFrom(0, 0, 0, 0, 0, 0, 1) });
  await fc.assert(
    fc.asyncProperty(fc.array(record, { minLength: 1, maxLength: 40 }), async (records) => {
      round += 1;
      const texts = records.map(({ key, failures }, index) => `${key}:${round}-${index}:${failures}`);
      const from = running.lines.length;
      await put(texts, (text) => text.split(':')[0] as string);
      await idle();
      const done = running.lines
        .slice(from)
        .filter(({ text }) => text.startsWith('batch-done '))
        .flatMap(({ text }) => text.slice('batch-done '.length).split(','))
        .filter((text) => text !== '');
      const byKey = (list: readonly string[]) => Object.groupBy(list, (text) => text.split(':')[0] as string);
      expect(byKey(done)).toEqual(byKey(texts));
    }),
    { numRuns: 25 },
  );
});
