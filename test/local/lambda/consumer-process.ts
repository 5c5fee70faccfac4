import { runningCloud } from './running-cloud.ts';

/** Puts numbered records for ever, prints each acknowledged one, and consumes them with a function that notes them in a file. */
const [stateDir, notes, first] = process.argv.slice(2) as [string, string, string];
const running = await runningCloud({ stateDir });
const stream = await running.create('AWS::Kinesis::Stream', 's', { Name: 's', ShardCount: 2 });
const EventSourceArn = String(stream.attributes.Arn);
const code = `
const { appendFileSync } = require('node:fs');
exports.handler = async ({ Records }) => {
  const texts = Records.map((record) => Buffer.from(record.kinesis.data, 'base64').toString());
  appendFileSync(process.env.NOTES, texts.map((text) => text + '\\n').join(''));
};`;
await running.fn('consumer', code, { Environment: { Variables: { NOTES: notes } } });
await running.create('AWS::Lambda::EventSourceMapping', 'm', {
  EventSourceArn,
  FunctionName: 'consumer',
  StartingPosition: 'TRIM_HORIZON',
  BatchSize: 20,
  ParallelizationFactor: 2,
});
await running.start();
const lanes = first === 'drain' ? 0 : 10;
await Promise.all(
  Array.from({ length: lanes }, async (_, lane) => {
    for (let number = Number(first); ; number += 1) {
      const text = `${lane}:${number}`;
      const record = { partitionKey: `lane-${lane}`, data: Buffer.from(text) };
      await running.cloud.shared.kinesis?.append(EventSourceArn, [record]);
      process.stdout.write(`${text}\n`);
    }
  }),
);
const drained = () => running.cloud.shared.lambda?.mappings()[0]?.lag.every(({ records }) => records === 0);
while (!drained()) await new Promise((resolve) => setTimeout(resolve, 20));
await running.stop(true);
