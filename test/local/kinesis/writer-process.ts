import { Stream } from '../../../local/kinesis/stream.ts';

/** Appends numbered records from many lanes for ever and prints each acknowledged one; the crash test kills it. */
const [folder, first] = process.argv.slice(2);
const stream = await Stream.open({
  settings: {
    name: 's',
    arn: 'arn',
    mode: 'PROVISIONED',
    shardCount: 2,
    retentionHours: 24,
    maxRecordBytes: 1024 * 1024,
  },
  folder: folder as string,
  clock: Date.now,
});
await Promise.all(
  Array.from({ length: 20 }, async (_, lane) => {
    for (let number = Number(first); ; number += 1) {
      const text = `${lane}:${number}`;
      const padding = '.'.repeat((number * 37) % 4000);
      const [result] = await stream.append([{ partitionKey: `lane-${lane}`, data: Buffer.from(`${text} ${padding}`) }]);
      if (result?.status === 'fulfilled') process.stdout.write(`${text}\n`);
    }
  }),
);
