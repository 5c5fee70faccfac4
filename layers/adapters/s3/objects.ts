import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';

/** Objects of one bucket. Keys say what they hold, so that writing one again changes nothing. */
export interface ObjectStore {
  readonly bucket: string;
  put(key: string, body: string | Uint8Array, contentType?: string): Promise<void>;
  /** @throws NoSuchKey. */
  read(key: string): Promise<Uint8Array>;
  uri(key: string): string;
}

export const s3Objects = (bucket: string, client = new S3Client({})): ObjectStore => ({
  bucket,
  async put(key, body, contentType = 'application/json') {
    await client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: body, ContentType: contentType }));
  },
  async read(key) {
    const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
    if (!Body) throw new Error(`${key} has no body`);
    return Body.transformToByteArray();
  },
  uri: (key) => `s3://${bucket}/${key}`,
});

/** The key in an address of a bucket. @throws if it is another bucket's. */
export function keyOf(uri: string, bucket: string): string {
  const start = `s3://${bucket}/`;
  if (!uri.startsWith(start)) throw new Error(`${uri} is not in ${bucket}`);
  return uri.slice(start.length);
}

/** Lines of a JSON Lines object. */
export const jsonLines = (bytes: Uint8Array): unknown[] =>
  new TextDecoder()
    .decode(bytes)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as unknown);
