import type { KinesisClient } from '@aws-sdk/client-kinesis';
import { kinesisStreamWriter, type StreamRecord } from './stream-writer.ts';

/** The streams of the stage: records are put to one by what it carries, and a name says which one it is. */
export function streamsByName<Carried extends string>(client: KinesisClient, names: Readonly<Record<Carried, string>>) {
  const carried = Object.keys(names) as Carried[];
  return {
    put: (stream: Carried, records: readonly StreamRecord[]): Promise<boolean> =>
      kinesisStreamWriter(client, names[stream]).putAll(records),
    streamNamed: (name: string): Carried | undefined => carried.find((stream) => names[stream] === name),
  };
}
