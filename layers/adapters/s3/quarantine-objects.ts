import { createHash } from 'node:crypto';
import { GetObjectCommand, ListObjectsV2Command, NoSuchKey, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { FAILED_BATCH } from '../../contracts/messages/quarantine.ts';
import { QuarantinedMessage } from '../../contracts/messages/quarantined-message.ts';
import type { QuarantineArrival } from '../../domain/quarantine/quarantine-index.ts';
import type { FailedBatches, QuarantineObjects } from '../../domain/quarantine/quarantine-objects.ts';

/** Where an event-source mapping leaves failed batches. https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html */
const FAILED_BATCH_PREFIX = 'aws/lambda/';

/** Bodies in the quarantine bucket: messages `<kind>/<id>.json`, corrections `corrections/<id>/<correction>.json`. */
export function s3QuarantineObjects(client: S3Client, bucket: string): QuarantineObjects {
  const read = async (key: string): Promise<unknown> => {
    try {
      const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
      return JSON.parse((await Body?.transformToString()) ?? 'null');
    } catch (failure) {
      if (failure instanceof NoSuchKey) return undefined;
      throw failure;
    }
  };
  const correctionKey = (id: string, correctionId: string) => `corrections/${id}/${correctionId}.json`;
  return {
    async message({ kind, id }) {
      const found = await read(`${kind}/${id}.json`);
      return found === undefined ? undefined : QuarantinedMessage.parse(found);
    },
    async putCorrection({ id }, correction) {
      await client.send(
        new PutObjectCommand({
          Bucket: bucket,
          Key: correctionKey(id, correction.id),
          Body: JSON.stringify({ ...correction, payload: Buffer.from(correction.payload).toString('base64') }),
          ContentType: 'application/json',
        }),
      );
    },
    async correction({ id, correctionId }) {
      if (correctionId === undefined) return undefined;
      const found = (await read(correctionKey(id, correctionId))) as
        | { id: string; topic: string; payload: string }
        | undefined;
      return found && { ...found, payload: Buffer.from(found.payload, 'base64') };
    },
    async failedBatch({ topic: key }) {
      const found = (await read(key)) as FailureRecord | undefined;
      if (found === undefined) return undefined;
      const { Records } = JSON.parse(found.payload) as {
        Records: { kinesis: { partitionKey: string; data: string } }[];
      };
      return {
        streamName: found.KinesisBatchInfo.streamArn.split('/').at(-1) ?? '',
        records: Records.map(({ kinesis }) => ({
          partitionKey: kinesis.partitionKey,
          data: Buffer.from(kinesis.data, 'base64'),
        })),
      };
    },
  };
}

interface FailureRecord {
  KinesisBatchInfo: { streamArn: string };
  /** The whole event, as a text. */
  payload: string;
}

/** Failed batches in the quarantine bucket, under an id of their key: an object is written once. */
export function s3FailedBatches(client: S3Client, bucket: string): FailedBatches {
  return {
    async *list() {
      let next: string | undefined;
      do {
        const page = await client.send(
          new ListObjectsV2Command({ Bucket: bucket, Prefix: FAILED_BATCH_PREFIX, ContinuationToken: next }),
        );
        yield (page.Contents ?? []).flatMap(({ Key, LastModified }) =>
          Key === undefined || LastModified === undefined ? [] : failedBatch(Key, LastModified.getTime()),
        );
        next = page.NextContinuationToken;
      } while (next);
    },
  };
}

const failedBatch = (key: string, writtenAt: number): QuarantineArrival => ({
  id: createHash('sha256').update(key).digest('hex'),
  kind: FAILED_BATCH,
  topic: key,
  clientId: '',
  traceId: '',
  receivedAt: writtenAt,
  reasonCodes: ['RETRIES_EXHAUSTED'],
});
