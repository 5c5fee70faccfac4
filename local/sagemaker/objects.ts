import { createReadStream, createWriteStream, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { GetObjectCommand, PutObjectCommand, paginateListObjectsV2, S3Client } from '@aws-sdk/client-s3';
import * as tar from 'tar';
import type { Cloud, Principal } from '../kernel/types.ts';

export const s3Location = (uri: string): { bucket: string; key: string } => {
  const [, bucket, key] = /^s3:\/\/([^/]+)\/?(.*)$/.exec(uri) ?? [];
  if (bucket === undefined || key === undefined) throw new Error(`${uri} is no S3 address`);
  return { bucket, key };
};

/** A role's view of S3, through the same door as everyone: what it may not read or write fails here too. */
export class Objects {
  readonly #s3: S3Client;

  constructor(cloud: Cloud, principal: Principal) {
    this.#s3 = new S3Client({
      endpoint: cloud.endpoint,
      region: cloud.region,
      credentials: cloud.credentials(principal),
      forcePathStyle: true,
    });
  }

  /** Every object below a prefix, into a folder under the rest of its key. @returns how many. */
  async downloadAll(prefixUri: string, folder: string): Promise<number> {
    const { bucket, key: prefix } = s3Location(prefixUri);
    let count = 0;
    for await (const { Contents = [] } of paginateListObjectsV2(
      { client: this.#s3 },
      { Bucket: bucket, Prefix: prefix },
    )) {
      for (const { Key = '' } of Contents) {
        const name = Key.slice(prefix.length).replace(/^\//, '') || (Key.split('/').at(-1) as string);
        await this.download({ bucket, key: Key }, join(folder, name));
        count += 1;
      }
    }
    return count;
  }

  async download({ bucket, key }: { bucket: string; key: string }, file: string): Promise<void> {
    mkdirSync(dirname(file), { recursive: true });
    await pipeline(await this.#read(bucket, key), createWriteStream(file));
  }

  /** A `.tar.gz` object, unpacked. */
  async unpack(uri: string, folder: string): Promise<void> {
    const { bucket, key } = s3Location(uri);
    mkdirSync(folder, { recursive: true });
    await pipeline(await this.#read(bucket, key), tar.extract({ cwd: folder, strict: true }));
  }

  /** A folder as a `.tar.gz` object. */
  async pack(folder: string, uri: string, scratch: string): Promise<void> {
    const { bucket, key } = s3Location(uri);
    await tar.create({ gzip: true, cwd: folder, file: scratch, portable: true }, ['.']);
    await this.#s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: createReadStream(scratch) }));
  }

  async #read(bucket: string, key: string): Promise<Readable> {
    const { Body } = await this.#s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
    return Body instanceof Readable ? Body : Readable.from([]);
  }
}
