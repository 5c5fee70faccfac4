import { ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import type { Cloud } from '../kernel/types.ts';

/** Messages of interval readings in the quarantine bucket. @throws Error if the templates hold no such bucket */
export async function quarantinedReadings(cloud: Cloud): Promise<number> {
  const bucket = cloud.resourcesOf('AWS::S3::Bucket').find((one) => /quarantine/i.test(one.logicalId));
  if (!bucket) throw new Error('the templates hold no quarantine bucket');
  const client = new S3Client({
    endpoint: cloud.endpoint,
    region: cloud.region,
    forcePathStyle: true,
    credentials: cloud.credentials({ kind: 'operator' }),
  });
  try {
    let count = 0;
    let token: string | undefined;
    do {
      const page = await client.send(
        new ListObjectsV2Command({ Bucket: bucket.physicalId, Prefix: 'interval-readings/', ContinuationToken: token }),
      );
      count += page.KeyCount ?? 0;
      token = page.NextContinuationToken;
    } while (token);
    return count;
  } finally {
    client.destroy();
  }
}
