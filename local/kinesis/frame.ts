import { crc32 } from 'node:zlib';

/** One record as a shard keeps it. `position` counts the shard's records from 0; `arrivalMs` is epoch milliseconds. */
export interface LogRecord {
  position: number;
  partitionKey: string;
  data: Buffer;
  arrivalMs: number;
}

/** Frame: u32 body length, u32 CRC-32 of the body, body = f64 position, f64 arrival (ms), u16 key length, key, data. */
const HEADER_BYTES = 8;
const FIXED_BODY_BYTES = 18;
/** No record is larger than 10 MiB plus its key; a longer length can only be damage. */
const LARGEST_BODY_BYTES = 11 * 1024 * 1024;

export function frameBytes(partitionKey: string, data: Buffer): number {
  return HEADER_BYTES + FIXED_BODY_BYTES + Buffer.byteLength(partitionKey) + data.length;
}

/** Writes the frame of `record` at `offset`. @returns the offset after it. */
export function writeFrame(target: Buffer, offset: number, record: LogRecord): number {
  const body = offset + HEADER_BYTES;
  let at = target.writeDoubleBE(record.position, body);
  at = target.writeDoubleBE(record.arrivalMs, at);
  const keyLength = target.write(record.partitionKey, at + 2, 'utf8');
  target.writeUInt16BE(keyLength, at);
  at += 2 + keyLength;
  at += record.data.copy(target, at);
  target.writeUInt32BE(at - body, offset);
  target.writeUInt32BE(crc32(target.subarray(body, at)), offset + 4);
  return at;
}

/** The frame at `offset`, or undefined if it is incomplete (more bytes are needed) or damaged. */
export function readFrame(source: Buffer, offset: number): { record: LogRecord; next: number } | undefined {
  if (offset + HEADER_BYTES > source.length) return undefined;
  const length = source.readUInt32BE(offset);
  if (length < FIXED_BODY_BYTES || length > LARGEST_BODY_BYTES) return undefined;
  const body = offset + HEADER_BYTES;
  const next = body + length;
  if (next > source.length) return undefined;
  if (crc32(source.subarray(body, next)) !== source.readUInt32BE(offset + 4)) return undefined;
  const keyLength = source.readUInt16BE(body + 16);
  const key = body + FIXED_BODY_BYTES;
  if (key + keyLength > next) return undefined;
  return {
    record: {
      position: source.readDoubleBE(body),
      arrivalMs: source.readDoubleBE(body + 8),
      partitionKey: source.toString('utf8', key, key + keyLength),
      data: Buffer.from(source.subarray(key + keyLength, next)),
    },
    next,
  };
}
