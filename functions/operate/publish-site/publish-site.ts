import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join, relative, sep } from 'node:path';
import { type CloudFrontClient, CreateInvalidationCommand } from '@aws-sdk/client-cloudfront';
import { DeleteObjectCommand, ListObjectsV2Command, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import type { SiteProperties } from './site-properties.ts';

export interface SiteClients {
  readonly s3: S3Client;
  readonly cloudFront: CloudFrontClient;
}

const CONFIG = 'config.json';

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.map': 'application/json',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.webmanifest': 'application/manifest+json',
  '.woff2': 'font/woff2',
};

/** A name with a hash of its content (`main-3F9A1C2B.js`) never means anything else, so browsers may keep it. */
const HASHED = /-[A-Z0-9]{8}\.[a-z0-9]+$/i;

/**
 * Uploads the built files and `config.json`, pages last so that none refers to what is not there yet, removes what no
 * longer belongs, and has CloudFront ask again. Doing it twice comes to the same.
 * @returns number of files the site has.
 * @throws Error naming a file whose kind is not known.
 */
export async function publishSite(clients: SiteClients, site: SiteProperties, folder: string): Promise<number> {
  const files = siteFiles(folder);
  files.set(CONFIG, Buffer.from(JSON.stringify(site.config)));
  const isPage = (key: string) => key.endsWith('.html') || key === CONFIG;
  const uploads = [...files]
    .map(([key, body]) => ({ key, body, type: contentType(key) }))
    .sort((a, b) => Number(isPage(a.key)) - Number(isPage(b.key)));
  for (const { key, body, type } of uploads) {
    await clients.s3.send(
      new PutObjectCommand({
        Bucket: site.bucketName,
        Key: key,
        Body: body,
        ContentType: type,
        CacheControl: HASHED.test(key) ? 'public, max-age=31536000, immutable' : 'no-cache',
      }),
    );
  }
  for (const key of await siteKeys(clients.s3, site.bucketName)) {
    if (!files.has(key)) await clients.s3.send(new DeleteObjectCommand({ Bucket: site.bucketName, Key: key }));
  }
  await refresh(clients.cloudFront, site);
  return files.size;
}

/** Empties the site's bucket, which CloudFormation can then remove. */
export async function removeSite({ s3 }: SiteClients, { bucketName }: SiteProperties): Promise<void> {
  for (const key of await siteKeys(s3, bucketName)) {
    await s3.send(new DeleteObjectCommand({ Bucket: bucketName, Key: key }));
  }
}

function siteFiles(folder: string): Map<string, Buffer> {
  return new Map(
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .map((path) => [relative(folder, path).split(sep).join('/'), readFileSync(path)]),
  );
}

function contentType(key: string): string {
  const type = CONTENT_TYPES[extname(key)];
  if (!type) throw new Error(`${key}: no content type is known for "${extname(key)}"`);
  return type;
}

async function siteKeys(s3: S3Client, bucketName: string): Promise<string[]> {
  const keys: string[] = [];
  let next: string | undefined;
  do {
    const page = await s3.send(new ListObjectsV2Command({ Bucket: bucketName, ContinuationToken: next }));
    keys.push(...(page.Contents ?? []).flatMap(({ Key }) => Key ?? []));
    next = page.NextContinuationToken;
  } while (next);
  return keys;
}

/** The reference is that of the content: a repeated request is the same invalidation, not a second one. */
async function refresh(cloudFront: CloudFrontClient, site: SiteProperties): Promise<void> {
  const reference = createHash('sha256').update(JSON.stringify(site)).digest('hex');
  await cloudFront.send(
    new CreateInvalidationCommand({
      DistributionId: site.distributionId,
      InvalidationBatch: { CallerReference: reference, Paths: { Quantity: 1, Items: ['/*'] } },
    }),
  );
}
