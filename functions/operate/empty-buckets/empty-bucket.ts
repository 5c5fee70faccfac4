import { DeleteObjectsCommand, ListObjectVersionsCommand, type S3Client } from '@aws-sdk/client-s3';

/**
 * Deletes every version of every object, a page of at most 1,000 at a time.
 * @throws Error naming the first object that could not be deleted.
 */
export async function emptyBucket(s3: S3Client, bucketName: string): Promise<void> {
  for (;;) {
    // Always the first page: what it held is gone by the time it is asked again.
    const page = await s3.send(new ListObjectVersionsCommand({ Bucket: bucketName }));
    const objects = [...(page.Versions ?? []), ...(page.DeleteMarkers ?? [])].map(({ Key, VersionId }) => ({
      Key,
      VersionId,
    }));
    if (objects.length === 0) return;
    const { Errors: [failure] = [] } = await s3.send(
      new DeleteObjectsCommand({ Bucket: bucketName, Delete: { Objects: objects, Quiet: true } }),
    );
    if (failure)
      throw new Error(`${bucketName}/${failure.Key} could not be deleted: ${failure.Code} ${failure.Message}`);
  }
}
