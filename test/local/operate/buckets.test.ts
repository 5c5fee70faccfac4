import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CloudFrontClient } from '@aws-sdk/client-cloudfront';
import {
  CreateBucketCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { type FauxqsServer, startFauxqs } from 'fauxqs';
import { emptyBucket } from '../../../functions/operate/empty-buckets/empty-bucket.ts';
import { publishSite, removeSite } from '../../../functions/operate/publish-site/publish-site.ts';

const client = { region: 'us-east-1', credentials: { accessKeyId: 'test', secretAccessKey: 'test' } };
let storage: FauxqsServer;
let edge: Server;
let s3: S3Client;
let cloudFront: CloudFrontClient;
let invalidations: string[];

beforeAll(async () => {
  storage = await startFauxqs({ port: 0, logger: false });
  s3 = new S3Client({ ...client, endpoint: `http://127.0.0.1:${storage.port}`, forcePathStyle: true });
  edge = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    invalidations.push(/<CallerReference>(\w+)</.exec(Buffer.concat(chunks).toString())?.[1] ?? '');
    response.writeHead(201, { 'content-type': 'text/xml' }).end('<Invalidation><Id>I1</Id></Invalidation>');
  });
  await new Promise<void>((resolve) => edge.listen(0, '127.0.0.1', resolve));
  cloudFront = new CloudFrontClient({
    ...client,
    endpoint: `http://127.0.0.1:${(edge.address() as AddressInfo).port}`,
  });
});
beforeEach(() => {
  invalidations = [];
});
afterAll(async () => {
  s3.destroy();
  cloudFront.destroy();
  edge.close();
  await storage.stop();
});

const keysOf = async (Bucket: string) =>
  ((await s3.send(new ListObjectsV2Command({ Bucket }))).Contents ?? []).map(({ Key }) => Key).sort();

describe('the site', () => {
  const site = { bucketName: 'site', distributionId: 'D1', fingerprint: 'a', config: { apiBase: '/v1' } };
  const folder = mkdtempSync(join(tmpdir(), 'site-'));
  mkdirSync(join(folder, 'assets'));
  writeFileSync(join(folder, 'index.html'), '<!doctype html>');
  writeFileSync(join(folder, 'assets', 'main-3F9A1C2B.js'), 'export {}');

  beforeAll(async () => {
    await s3.send(new CreateBucketCommand({ Bucket: 'site' }));
    await s3.send(new PutObjectCommand({ Bucket: 'site', Key: 'assets/main-00000000.js', Body: 'old' }));
  });

  test('is what was built and its configuration, and nothing of before', async () => {
    expect(await publishSite({ s3, cloudFront }, site, folder)).toBe(3);
    expect(await keysOf('site')).toEqual(['assets/main-3F9A1C2B.js', 'config.json', 'index.html']);
    const config = await s3.send(new GetObjectCommand({ Bucket: 'site', Key: 'config.json' }));
    expect([await config.Body?.transformToString(), config.ContentType, config.CacheControl]).toEqual([
      '{"apiBase":"/v1"}',
      'application/json',
      'no-cache',
    ]);
    const script = await s3.send(new GetObjectCommand({ Bucket: 'site', Key: 'assets/main-3F9A1C2B.js' }));
    expect([script.ContentType, script.CacheControl]).toEqual([
      'text/javascript; charset=utf-8',
      'public, max-age=31536000, immutable',
    ]);
  });

  test('published twice is one invalidation, changed is another', async () => {
    for (const config of [site.config, site.config, { apiBase: '/v2' }])
      await publishSite({ s3, cloudFront }, { ...site, config }, folder);
    const [first, again, changed] = invalidations;
    expect([first === again, first === changed]).toEqual([true, false]);
  });

  test('with a file of unknown kind is refused by name before anything is uploaded', async () => {
    writeFileSync(join(folder, 'notes.docx'), '');
    await s3.send(new CreateBucketCommand({ Bucket: 'untouched' }));
    await expect(publishSite({ s3, cloudFront }, { ...site, bucketName: 'untouched' }, folder)).rejects.toThrow(
      'notes.docx: no content type',
    );
    expect(await keysOf('untouched')).toEqual([]);
    rmSync(join(folder, 'notes.docx'));
  });

  test('removed leaves a bucket that can be deleted', async () => {
    await removeSite({ s3, cloudFront }, site);
    expect(await keysOf('site')).toEqual([]);
  });
});

/** A bucket that answers pages of versions and markers as S3 does, which fauxqs cannot. */
async function versionedBucket(count: number) {
  const versions = new Map(Array.from({ length: count }, (_, number) => [`v${number}`, `key-${number >> 1}`]));
  let locked: string | undefined;
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    response.setHeader('content-type', 'application/xml');
    if (request.method === 'GET') {
      const entries = [...versions].slice(0, 1_000).map(([id, key], place) => {
        const kind = place % 3 ? 'Version' : 'DeleteMarker';
        return `<${kind}><Key>${key}</Key><VersionId>${id}</VersionId></${kind}>`;
      });
      response.end(`<ListVersionsResult>${entries.join('')}</ListVersionsResult>`);
      return;
    }
    const wanted = [
      ...Buffer.concat(chunks)
        .toString()
        .matchAll(/<VersionId>(v\d+)</g),
    ].map(([, id]) => id ?? '');
    for (const id of wanted) if (id !== locked) versions.delete(id);
    const failed = wanted.filter((id) => id === locked);
    const errors = failed.map(
      (id) => `<Error><Key>${versions.get(id)}</Key><Code>AccessDenied</Code><Message>locked</Message></Error>`,
    );
    response.end(`<DeleteResult>${errors.join('')}</DeleteResult>`);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const bucket = new S3Client({
    ...client,
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    forcePathStyle: true,
  });
  return { versions, bucket, lock: (id: string) => (locked = id), close: () => server.close() };
}

test('a bucket of more than a page of versions and markers is emptied', async () => {
  const { versions, bucket, close } = await versionedBucket(2_001);
  await emptyBucket(bucket, 'full');
  expect(versions.size).toBe(0);
  close();
});

test('an object that may not be deleted is named, instead of asking for ever', async () => {
  const { bucket, lock, close } = await versionedBucket(3);
  lock('v2');
  await expect(emptyBucket(bucket, 'full')).rejects.toThrow('full/key-1 could not be deleted: AccessDenied locked');
  close();
});
