import { Buffer } from 'node:buffer';
import { constants, gunzipSync, inflateSync, zstdDecompressSync } from 'node:zlib';
import type { SchemaVersion, SchemaVersions } from '../../contracts/avro/versions.ts';
import type { Reason, ReasonCode } from '../../contracts/codes/reasons.ts';
import { MAX_DECOMPRESSED_BYTES } from '../../contracts/messages/limits.ts';

/** A payload out of its wrapping: JSON text, or one Avro record with the schema that wrote it. */
export type Payload =
  | { form: 'json'; bytes: Uint8Array }
  | { form: 'avro'; bytes: Uint8Array; schema: SchemaVersion }
  | { form: 'unreadable'; reasons: Reason[] };

/**
 * First bytes of what is no JSON. Sources: RFC 1952; RFC 8878; AWS Glue Schema Registry, "Serialization format": header version
 * 3, compression (0 none, 5 zlib), then the 16 bytes of the schema version's id.
 */
const GZIP = [0x1f, 0x8b] as const;
const ZSTD = [0x28, 0xb5, 0x2f, 0xfd] as const;
const REGISTRY_HEADER = 3;
const HEADER_BYTES = 18;
const ZLIB = 5;

/** Memory a frame may ask for: 8 MiB, twice what its content may come to. Source: zstd, ZSTD_d_windowLogMax. */
const ZSTD_WINDOW_LOG = 23;

const unreadable = (code: ReasonCode, message: string): Payload => ({
  form: 'unreadable',
  reasons: [{ code, path: '', message }],
});

const startsWith = (bytes: Uint8Array, octets: readonly number[]): boolean =>
  octets.every((octet, index) => bytes[index] === octet);

/** Whether the bytes are neither compressed nor Avro: no JSON begins so. */
export const isPlain = (bytes: Uint8Array): boolean =>
  bytes[0] !== REGISTRY_HEADER && bytes[0] !== GZIP[0] && bytes[0] !== ZSTD[0];

/** Unpacks a message's bytes: gzip or zstd around it, then the registry's header or JSON. The first byte tells. Never throws. */
export function openPayload(bytes: Uint8Array, schemas: SchemaVersions): Payload {
  const inflate = decompressorOf(bytes);
  if (inflate === undefined) return readHeader(bytes, schemas);
  const inner = bounded(inflate, bytes);
  if (!(inner instanceof Uint8Array)) return inner;
  if (decompressorOf(inner)) return unreadable('INVALID_COMPRESSION', 'compressed twice');
  return readHeader(inner, schemas);
}

type Inflate = (bytes: Uint8Array) => Uint8Array;

function decompressorOf(bytes: Uint8Array): Inflate | undefined {
  if (startsWith(bytes, GZIP)) return (packed) => gunzipSync(packed, { maxOutputLength: MAX_DECOMPRESSED_BYTES });
  if (!startsWith(bytes, ZSTD)) return undefined;
  const params = { [constants.ZSTD_d_windowLogMax]: ZSTD_WINDOW_LOG };
  return (packed) => zstdDecompressSync(packed, { maxOutputLength: MAX_DECOMPRESSED_BYTES, params });
}

function bounded(inflate: Inflate, bytes: Uint8Array): Uint8Array | Payload {
  try {
    return inflate(bytes);
  } catch (failure) {
    const { code } = failure as { code?: unknown };
    if (code === 'ERR_BUFFER_TOO_LARGE') {
      return unreadable('TOO_LARGE', `holds more than ${MAX_DECOMPRESSED_BYTES} bytes`);
    }
    return unreadable('INVALID_COMPRESSION', 'the compressed bytes are damaged or cut off');
  }
}

function readHeader(bytes: Uint8Array, schemas: SchemaVersions): Payload {
  if (bytes[0] !== REGISTRY_HEADER) return { form: 'json', bytes };
  if (bytes.length < HEADER_BYTES) return unreadable('INVALID_AVRO', 'shorter than the header of the schema registry');
  const id = uuidText(bytes.subarray(2, HEADER_BYTES));
  const schema = schemas.get(id);
  if (!schema) return unreadable('UNKNOWN_SCHEMA', `no schema version ${id}`);
  const body = bytes.subarray(HEADER_BYTES);
  if (bytes[1] === 0) return { form: 'avro', bytes: body, schema };
  if (bytes[1] !== ZLIB) return unreadable('INVALID_COMPRESSION', `no compression ${bytes[1]}`);
  const record = bounded((packed) => inflateSync(packed, { maxOutputLength: MAX_DECOMPRESSED_BYTES }), body);
  return record instanceof Uint8Array ? { form: 'avro', bytes: record, schema } : record;
}

const uuidText = (octets: Uint8Array): string =>
  Buffer.from(octets)
    .toString('hex')
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');

/** An Avro record with the registry's header, as `openPayload` reads it. @param versionId the schema version's UUID */
export function withRegistryHeader(record: Uint8Array, versionId: string): Uint8Array {
  return Buffer.concat([Uint8Array.of(REGISTRY_HEADER, 0), Buffer.from(versionId.replaceAll('-', ''), 'hex'), record]);
}
