import { GetObjectCommand, S3Client, S3ServiceException } from '@aws-sdk/client-s3';
import type { Cloud } from '../kernel/types.ts';
import type { DistributionConfig, Origin } from './distribution.ts';

export interface OriginAnswer {
  status: number;
  headers: Record<string, string>;
  body: Buffer;
}

const CREDENTIAL_LIFE_MS = 6 * 3_600_000;

/**
 * The bucket behind an S3 origin, read through S3 as CloudFront reads it: signed for `cloudfront.amazonaws.com` with the
 * distribution as `AWS:SourceArn`, so that the bucket's policy (and its key's) has to allow it.
 * https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-restricting-access-to-s3.html
 */
export class SiteOrigin {
  readonly #cloud: Cloud;
  readonly #distribution: DistributionConfig;
  #client: S3Client | undefined;
  #renewAt = 0;

  constructor(cloud: Cloud, distribution: DistributionConfig) {
    this.#cloud = cloud;
    this.#distribution = distribution;
  }

  async get(origin: Origin, uri: string): Promise<OriginAnswer> {
    let key: string;
    try {
      key = decodeURIComponent(`${origin.path}${uri}`.slice(1));
    } catch {
      return problem(400, 'BadRequest');
    }
    if (key === '') return problem(403, 'AccessDenied');
    try {
      const object = await this.#s3().send(new GetObjectCommand({ Bucket: origin.bucket, Key: key }));
      const body = Buffer.from((await object.Body?.transformToByteArray()) ?? []);
      const headers: Record<string, string> = { 'content-type': object.ContentType ?? 'binary/octet-stream' };
      if (object.ETag) headers.etag = object.ETag;
      if (object.CacheControl) headers['cache-control'] = object.CacheControl;
      if (object.ContentEncoding) headers['content-encoding'] = object.ContentEncoding;
      if (object.LastModified) headers['last-modified'] = object.LastModified.toUTCString();
      return { status: 200, headers, body };
    } catch (error) {
      if (!(error instanceof S3ServiceException)) throw error;
      const status = error.$metadata.httpStatusCode ?? 502;
      // Without s3:ListBucket S3 does not tell whether an object exists.
      // https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
      return status === 404 && !this.#mayList(origin) ? problem(403, 'AccessDenied') : problem(status, error.name);
    }
  }

  close(): void {
    this.#client?.destroy();
  }

  #principal() {
    const { accountId } = this.#cloud;
    return {
      kind: 'service',
      service: 'cloudfront.amazonaws.com',
      sourceArn: this.#distribution.arn,
      sourceAccount: accountId,
    } as const;
  }

  #mayList(origin: Origin): boolean {
    return this.#cloud.allowed({
      principal: this.#principal(),
      action: 's3:ListBucket',
      resource: `arn:aws:s3:::${origin.bucket}`,
    });
  }

  #s3(): S3Client {
    const now = this.#cloud.clock();
    if (this.#client && now < this.#renewAt) return this.#client;
    this.#client?.destroy();
    this.#renewAt = now + CREDENTIAL_LIFE_MS;
    this.#client = new S3Client({
      region: this.#cloud.region,
      endpoint: this.#cloud.endpoint,
      forcePathStyle: true,
      credentials: this.#cloud.credentials(this.#principal()),
    });
    return this.#client;
  }
}

const problem = (status: number, code: string): OriginAnswer => ({
  status,
  headers: { 'content-type': 'application/xml' },
  body: Buffer.from(`<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code></Error>`),
});
