import type { KinesisClient, PutRecordsCommandInput } from '@aws-sdk/client-kinesis';
import {
  BYTES_PER_REQUEST,
  kinesisStreamWriter,
  RECORDS_PER_REQUEST,
  requests,
} from '../../../layers/adapters/kinesis/stream-writer.ts';

const record = (name: string, bytes = 10) => ({ partitionKey: name, data: new Uint8Array(bytes) });

/** A stream that refuses single records as a busy shard does. */
const streamThat = (refuses: (key: string, attempt: number) => boolean) => {
  const stored: string[] = [];
  let attempt = 0;
  const client = {
    async send({ input }: { input: PutRecordsCommandInput }) {
      attempt += 1;
      return {
        Records: (input.Records ?? []).map(({ PartitionKey = '' }) => {
          if (refuses(PartitionKey, attempt)) return { ErrorCode: 'ProvisionedThroughputExceededException' };
          stored.push(PartitionKey);
          return { SequenceNumber: '1' };
        }),
      };
    },
  };
  return { stored, writer: kinesisStreamWriter(client as unknown as KinesisClient, 'readings', async () => {}) };
};

test('only what was refused is put again', async () => {
  const { stored, writer } = streamThat((key, attempt) => key === 'b' && attempt < 3);
  expect(await writer.putAll(['a', 'b', 'c'].map((name) => record(name)))).toBe(true);
  expect(stored).toEqual(['a', 'c', 'b']);
});

test('a stream that never takes a record is no success', async () => {
  const { writer } = streamThat((key) => key === 'b');
  expect(await writer.putAll(['a', 'b'].map((name) => record(name)))).toBe(false);
});

test('requests keep to the limits of records and bytes, and to the order', () => {
  const many = Array.from({ length: RECORDS_PER_REQUEST + 1 }, (_, i) => record(String(i)));
  expect(requests(many).map(({ length }) => length)).toEqual([RECORDS_PER_REQUEST, 1]);
  expect(requests(many).flat()).toEqual(many);
  const half = BYTES_PER_REQUEST / 2 - 1;
  expect(requests([record('a', half), record('b', half), record('c', half)]).map(({ length }) => length)).toEqual([
    2, 1,
  ]);
  expect(requests([])).toEqual([]);
});
