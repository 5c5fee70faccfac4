import type { AwsRequest } from '../kernel/types.ts';

interface Question {
  action: string;
  resource: string;
}

/** Sub-resources of a bucket (query key) and the actions that read and write them. */
const BUCKET_SUBRESOURCES: Readonly<Record<string, [read: string, write: string]>> = {
  versioning: ['s3:GetBucketVersioning', 's3:PutBucketVersioning'],
  location: ['s3:GetBucketLocation', 's3:GetBucketLocation'],
  lifecycle: ['s3:GetLifecycleConfiguration', 's3:PutLifecycleConfiguration'],
  policy: ['s3:GetBucketPolicy', 's3:PutBucketPolicy'],
  versions: ['s3:ListBucketVersions', 's3:ListBucketVersions'],
  uploads: ['s3:ListBucketMultipartUploads', 's3:ListBucketMultipartUploads'],
  tagging: ['s3:GetBucketTagging', 's3:PutBucketTagging'],
};

/**
 * What an S3 request must be allowed.
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
 */
export function s3Questions(request: AwsRequest): Question[] {
  const { method, url, headers } = request;
  const [bucket = '', ...rest] = url.pathname.slice(1).split('/').map(decodeURIComponent);
  const key = rest.join('/');
  const query = url.searchParams;
  if (bucket === '') return [{ action: 's3:ListAllMyBuckets', resource: '*' }];
  const bucketArn = `arn:aws:s3:::${bucket}`;
  if (key === '') return [{ action: bucketAction(method, query), resource: bucketArn }];
  const resource = `${bucketArn}/${key}`;
  const version = query.has('versionId') ? 'Version' : '';
  if (query.has('tagging')) {
    const verb = { GET: 'Get', PUT: 'Put', DELETE: 'Delete' }[method] ?? 'Get';
    return [{ action: `s3:${verb}Object${version}Tagging`, resource }];
  }
  if (method === 'DELETE') {
    return [{ action: query.has('uploadId') ? 's3:AbortMultipartUpload' : `s3:DeleteObject${version}`, resource }];
  }
  if (method === 'GET' && query.has('uploadId')) return [{ action: 's3:ListMultipartUploadParts', resource }];
  if (method === 'GET' || method === 'HEAD') return [{ action: `s3:GetObject${version}`, resource }];
  const questions = [{ action: 's3:PutObject', resource }];
  const source = headers['x-amz-copy-source'];
  if (typeof source === 'string') {
    questions.push({
      action: 's3:GetObject',
      resource: `arn:aws:s3:::${decodeURIComponent(source).replace(/^\//, '').replace(/\?.*$/, '')}`,
    });
  }
  return questions;
}

function bucketAction(method: string, query: URLSearchParams): string {
  for (const [name, [read, write]] of Object.entries(BUCKET_SUBRESOURCES)) {
    if (query.has(name)) return method === 'GET' ? read : write;
  }
  if (method === 'POST' && query.has('delete')) return 's3:DeleteObject';
  if (method === 'PUT') return 's3:CreateBucket';
  if (method === 'DELETE') return 's3:DeleteBucket';
  return 's3:ListBucket';
}

/** A batch delete names its keys in the body, and is allowed or denied per key. */
export function deletedKeys(body: Buffer): string[] {
  return [...body.toString().matchAll(/<Key>([^<]*)<\/Key>/g)].map(([, key]) =>
    (key as string).replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&quot;', '"').replaceAll('&amp;', '&'),
  );
}
