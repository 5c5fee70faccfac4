import type { ArrivedMessage } from './quarantine.ts';

/** Reads a stream record's envelope. Undefined: the record is not one of ours. */
export function openEnvelope(data: Uint8Array): ArrivedMessage | undefined {
  let envelope: unknown;
  try {
    envelope = JSON.parse(Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('utf8'));
  } catch {
    return undefined;
  }
  if (typeof envelope !== 'object' || envelope === null) return undefined;
  // By hand: a schema would run a pattern over every base64 payload, and the rules that write envelopes are ours.
  const { payload, topic, clientId, receivedAt, traceId } = envelope as Record<string, unknown>;
  if (typeof payload !== 'string' || typeof topic !== 'string' || !Number.isSafeInteger(receivedAt)) return undefined;
  return {
    topic,
    clientId: typeof clientId === 'string' ? clientId : '',
    receivedAt: receivedAt as number,
    traceId: typeof traceId === 'string' ? traceId : '',
    payload: Buffer.from(payload, 'base64'),
  };
}
