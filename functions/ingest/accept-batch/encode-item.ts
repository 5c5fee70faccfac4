import { gzipSync } from 'node:zlib';
import { MAX_DECOMPRESSED_BYTES, MAX_MESSAGE_BYTES } from '../../../layers/contracts/messages/limits.ts';

/** An item as a message's bytes. */
export interface EncodedItem {
  payload: Uint8Array;
  partitionKey: string;
}

/**
 * Largest payload of a record, bytes: a Kinesis record has 1 MiB, the payload is in base64, and the envelope needs some.
 * https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html
 */
const MAX_PAYLOAD_BYTES = 780_000;

/** The bytes of an item, compressed where a device could not send so many. @returns undefined: too many even so. */
export function encodeItem(item: Readonly<Record<string, unknown>>): EncodedItem | undefined {
  const [first] = Array.isArray(item.meters) ? (item.meters as unknown[]) : [item.meterId];
  const bytes = Buffer.from(JSON.stringify(item));
  if (bytes.length > MAX_DECOMPRESSED_BYTES) return undefined;
  const payload = bytes.length > MAX_MESSAGE_BYTES ? gzipSync(bytes) : bytes;
  return payload.length > MAX_PAYLOAD_BYTES ? undefined : { payload, partitionKey: String(first) };
}
