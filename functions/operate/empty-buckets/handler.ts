import { S3Client } from '@aws-sdk/client-s3';
import * as z from 'zod';
import { customResource } from '../../../layers/runtime/custom-resource.ts';
import { emptyBucket } from './empty-bucket.ts';

const s3 = new S3Client({});
const Properties = z.object({ bucketNames: z.array(z.string().min(3)).min(1) });

/** Acts only when its stack is removed: CloudFormation removes no bucket that holds anything. */
export const handler = customResource('empty-buckets', {
  apply: async () => ({}),
  async remove(properties) {
    for (const bucketName of Properties.parse(properties).bucketNames) await emptyBucket(s3, bucketName);
  },
});
