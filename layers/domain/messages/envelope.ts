import type { ArrivedMessage } from './quarantine.ts';

const PAYLOAD_FIRST = Buffer.from('{"payload":"');

/** Reads a stream record's envelope. Undefined: the record is not one of ours. */
export function openEnvelope(data: Uint8Array): ArrivedMessage | undefined {
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  let payload: unknown;
  let envelope: unknown;
  try {
    // The rules write the payload first: then the long text is not parsed as JSON at all.
    const end = bytes.subarray(0, PAYLOAD_FIRST.length).equals(PAYLOAD_FIRST)
      ? bytes.indexOf('",', PAYLOAD_FIRST.length)
      : -1;
    if (end > 0) {
      payload = bytes.toString('latin1', PAYLOAD_FIRST.length, end);
      envelope = JSON.parse(`{${bytes.toString('utf8', end + 2)}`);
    } else {
      envelope = JSON.parse(bytes.toString('utf8'));
    }
  } catch {
    return undefined;
  }
  if (typeof envelope !== 'object' || envelope === null) return undefined;
  // By hand: a schema would run a pattern over every base64 payload, and the rules that write envelopes are ours.
  const { topic, clientId, receivedAt, traceId, item, payload: later } = envelope as Record<string, unknown>;
  payload ??= later;
  if (typeof payload !== 'string' || typeof topic !== 'string' || !Number.isSafeInteger(receivedAt)) return undefined;
  return {
    topic,
    clientId: typeof clientId === 'string' ? clientId : '',
    receivedAt: receivedAt as number,
    traceId: typeof traceId === 'string' ? traceId : '',
    payload: Buffer.from(payload, 'base64'),
    ...(typeof item === 'number' ? { item } : {}),
  };
}
