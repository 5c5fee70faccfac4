import type { MessageKind } from '../../contracts/messages/messages.ts';
import { decodeAvro } from './avro-decoder.ts';
import type { Payload } from './payload.ts';
import { parseStrictJson, type StrictJson } from './strict-json.ts';

/** A payload as one value, whatever its form, or every reason why it is none. An Avro record must be of the topic's kind. */
export function readPayload(payload: Payload, kind: MessageKind): StrictJson {
  if (payload.form === 'unreadable') return { ok: false, reasons: payload.reasons };
  if (payload.form === 'json') return parseStrictJson(payload.bytes);
  const { kind: written, schema } = payload.schema;
  if (written !== kind) {
    return {
      ok: false,
      reasons: [{ code: 'WRONG_SCHEMA', path: '', message: `a schema of ${written}, not of ${kind}` }],
    };
  }
  const decoded = decodeAvro(schema, payload.bytes);
  return decoded.ok ? { ...decoded, inexact: new Set() } : decoded;
}
