import { gunzipSync } from 'node:zlib';

const BLOCK = 512;

/**
 * One file of a `.tar.gz`, as SageMaker packs what a job leaves behind.
 * @returns undefined if the archive holds no file of that name.
 * Source: https://pubs.opengroup.org/onlinepubs/9699919799/utilities/pax.html (ustar interchange format)
 */
export function fileInArchive(archive: Uint8Array, name: string): Uint8Array | undefined {
  const tar = gunzipSync(archive);
  const text = (from: number, length: number) => tar.toString('latin1', from, from + length).split('\0')[0] as string;
  for (let at = 0; at + BLOCK <= tar.length; ) {
    const path = text(at, 100);
    if (path === '') return undefined;
    const size = Number.parseInt(text(at + 124, 12).trim() || '0', 8);
    if (path.replace(/^\.\//, '') === name) return tar.subarray(at + BLOCK, at + BLOCK + size);
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
  }
  return undefined;
}
