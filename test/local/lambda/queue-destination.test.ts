import { storage } from '../../../local/storage/index.ts';
import { runningCloud, STREAM_GRANTS, until } from './running-cloud.ts';

/** https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html: queues and topics get metadata only. */
test.each([
  ['allowed', [...STREAM_GRANTS, 'sqs:SendMessage'], 1],
  ['denied', STREAM_GRANTS, 0],
])('a queue as failure destination, %s, gets the discarded batch without its payload', async (_, grants, expected) => {
  const running = await runningCloud({ grants });
  const part = storage();
  const type = 'AWS::SQS::Queue';
  const provider = part.providers?.find(({ types }) => type in types);
  for (const service of part.services?.(running.cloud) ?? []) running.cloud.addService(service);
  const pending = { stack: 'T', logicalId: 'q', path: 'T/q', type, properties: { QueueName: 'failed' } };
  const queue = await provider?.create(pending, running.cloud);
  const stream = await running.create('AWS::Kinesis::Stream', 's', { Name: 's', ShardCount: 1 });
  const EventSourceArn = String(stream.attributes.Arn);
  await running.fn('consumer', 'exports.handler = async () => { throw new Error("no") }');
  await running.create('AWS::Lambda::EventSourceMapping', 'm', {
    EventSourceArn,
    FunctionName: 'consumer',
    StartingPosition: 'TRIM_HORIZON',
    MaximumRetryAttempts: 0,
    DestinationConfig: { OnFailure: { Destination: queue?.attributes?.Arn } },
  });
  await running.start();
  await running.cloud.shared.kinesis?.append(EventSourceArn, [{ partitionKey: 'k', data: Buffer.from('a') }]);
  await until(() => running.cloud.shared.lambda?.mappings()[0]?.lag[0]?.records === 0);
  const received = (await running.cloud.call({ kind: 'operator' }, 'sqs', 'AmazonSQS.ReceiveMessage', {
    QueueUrl: queue?.physicalId,
  })) as { Messages?: { Body: string }[] };
  const documents = (received.Messages ?? []).map(({ Body }) => JSON.parse(Body));
  expect(documents).toHaveLength(expected);
  for (const document of documents) {
    expect(document.KinesisBatchInfo).toMatchObject({ batchSize: 1, streamArn: EventSourceArn });
    expect(document.payload).toBeUndefined();
  }
  const refused = running.lines.some(({ text }) => text.includes('cannot deliver'));
  expect(refused).toBe(expected === 0);
  await running.stop();
  for (const each of part.providers ?? []) await each.stop?.();
});
