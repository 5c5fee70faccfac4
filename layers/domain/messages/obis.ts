import type { Reason } from '../../contracts/codes/reasons.ts';
import { channelOfObis } from '../../contracts/messages/obis.ts';
import type { JsonValue } from './strict-json.ts';

/**
 * The message with the channel that its OBIS code stands for; as it is if it has no `obis`. A message that names its channel
 * twice could be read in two ways.
 */
export function withChannel(
  message: JsonValue,
  path: string,
): { ok: true; message: JsonValue } | { ok: false; reasons: Reason[] } {
  if (typeof message !== 'object' || message === null || Array.isArray(message) || !Object.hasOwn(message, 'obis')) {
    return { ok: true, message };
  }
  const { obis, ...rest } = message;
  const at = path === '' ? 'obis' : `${path}.obis`;
  if (Object.hasOwn(rest, 'channel')) {
    return {
      ok: false,
      reasons: [{ code: 'UNKNOWN_FIELD', path: at, message: 'the message names its channel already' }],
    };
  }
  const channel = typeof obis === 'string' ? channelOfObis(obis) : undefined;
  if (channel === undefined) {
    return { ok: false, reasons: [{ code: 'UNKNOWN_CHANNEL', path: at, message: 'no OBIS code of a channel' }] };
  }
  return { ok: true, message: { ...rest, channel } };
}
