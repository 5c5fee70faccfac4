import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import type { QuarantineStore } from '../../domain/messages/quarantine.ts';

/** Objects put at the same time: enough to hide the latency, few enough for the SDK's 50 sockets. */
const CONCURRENT_PUTS = 25;

/** Quarantine as objects `<kind>/<id>.json`. @throws if one could not be put; those that were are put again unchanged. */
export function s3Quarantine(bucket: string, client = new S3Client({})): QuarantineStore {
  return {
    async put(messages) {
      const waiting = [...messages];
      const putNext = async (): Promise<void> => {
        for (let message = waiting.pop(); message; message = waiting.pop()) {
          await client.send(
            new PutObjectCommand({
              Bucket: bucket,
              Key: `${message.kind}/${message.id}.json`,
              Body: JSON.stringify(message),
              ContentType: 'application/json',
            }),
          );
        }
      };
      await Promise.all(Array.from({ length: Math.min(CONCURRENT_PUTS, messages.length) }, putNext));
    },
  };
}
