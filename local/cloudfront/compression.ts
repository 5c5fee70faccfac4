import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

/** https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/ServingCompressedFiles.html */
const COMPRESSIBLE =
  /^(?:text\/|application\/(?:javascript|json|xml|wasm|manifest\+json|problem\+json|geo\+json)|image\/svg\+xml|font\/(?:ttf|otf))/;
const SMALLEST_BYTES = 1_000;
const LARGEST_BYTES = 10_000_000;
const MAX_KEPT = 200;

/** Compresses what a viewer accepts, brotli before gzip, and keeps the result by its entity tag. */
export class Compression {
  readonly #kept = new Map<string, Buffer>();

  /** @returns undefined if the body stays as it is. */
  of(
    body: Buffer,
    headers: Readonly<Record<string, string>>,
    accepted: string,
  ): { body: Buffer; encoding: string } | undefined {
    const type = headers['content-type'] ?? '';
    if (
      headers['content-encoding'] ||
      !COMPRESSIBLE.test(type) ||
      body.length < SMALLEST_BYTES ||
      body.length > LARGEST_BYTES
    )
      return undefined;
    const encoding = /\bbr\b/.test(accepted) ? 'br' : /\bgzip\b/.test(accepted) ? 'gzip' : undefined;
    if (!encoding) return undefined;
    const key = headers.etag && `${encoding} ${headers.etag}`;
    const kept = key ? this.#kept.get(key) : undefined;
    if (kept) return { body: kept, encoding };
    const made =
      encoding === 'br'
        ? brotliCompressSync(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } })
        : gzipSync(body);
    if (this.#kept.size >= MAX_KEPT) this.#kept.clear();
    if (key) this.#kept.set(key, made);
    return { body: made, encoding };
  }
}
