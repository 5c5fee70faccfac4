import { type KinesisClient, PutRecordsCommand } from '@aws-sdk/client-kinesis';

/** https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html: records and bytes of a request. */
export const RECORDS_PER_REQUEST = 500;
export const BYTES_PER_REQUEST = 5 * 1024 * 1024;

const ATTEMPTS = 5;

export interface StreamRecord {
  partitionKey: string;
  data: Uint8Array;
}

export interface StreamWriter {
  /** Resolves to true when the stream holds every record, to false when it would not take them all in time. */
  putAll(records: readonly StreamRecord[]): Promise<boolean>;
}

const sizeOf = ({ partitionKey, data }: StreamRecord): number => Buffer.byteLength(partitionKey) + data.length;

/** Requests' worth of records, in order. */
export function requests(records: readonly StreamRecord[]): StreamRecord[][] {
  const found: StreamRecord[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const record of records) {
    const size = sizeOf(record);
    let current = found.at(-1);
    if (!current || current.length === RECORDS_PER_REQUEST || bytes + size > BYTES_PER_REQUEST) {
      current = [];
      found.push(current);
      bytes = 0;
    }
    current.push(record);
    bytes += size;
  }
  return found;
}

/** Puts records, and those that the stream refused again: a throttle in the middle of a request refuses single records. */
export function kinesisStreamWriter(
  client: KinesisClient,
  streamName: string,
  pause: (milliseconds: number) => Promise<void> = (milliseconds) =>
    new Promise((resolve) => setTimeout(resolve, milliseconds)),
): StreamWriter {
  const putOnce = async (records: readonly StreamRecord[]): Promise<StreamRecord[]> => {
    try {
      const { Records = [] } = await client.send(
        new PutRecordsCommand({
          StreamName: streamName,
          Records: records.map(({ partitionKey, data }) => ({ PartitionKey: partitionKey, Data: data })),
        }),
      );
      return records.filter((_, index) => Records[index]?.ErrorCode !== undefined);
    } catch (failure) {
      const name = failure instanceof Error ? failure.name : '';
      if (!/Throttl|ProvisionedThroughput|LimitExceeded|ServiceUnavailable|InternalFailure|Timeout/.test(name))
        throw failure;
      return [...records];
    }
  };
  return {
    async putAll(records) {
      for (const request of requests(records)) {
        let left = request;
        for (let attempt = 0; left.length > 0; attempt += 1) {
          if (attempt === ATTEMPTS) return false;
          if (attempt > 0) await pause(100 * 2 ** attempt);
          left = await putOnce(left);
        }
      }
      return true;
    },
  };
}
