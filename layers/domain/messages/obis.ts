import type { Reason } from '../../contracts/codes/reasons.ts';
import { channelOfObis, measurementOfObis } from '../../contracts/messages/obis.ts';
import type { JsonValue } from './strict-json.ts';

/**
 * The message with the channel that its OBIS code stands for; as it is if it has no `obis`. A message that names its channel
 * twice could be read in two ways. What cannot be named is left out of `message`, which can then be judged for all else.
 */
export function withChannel(message: JsonValue, path: string): { message: JsonValue; reasons: Reason[] } {
  if (typeof message !== 'object' || message === null || Array.isArray(message) || !Object.hasOwn(message, 'obis')) {
    return { message, reasons: [] };
  }
  const { obis, ...rest } = message;
  const at = path === '' ? 'obis' : `${path}.obis`;
  if (Object.hasOwn(rest, 'channel')) {
    const { channel: _named, ...unnamed } = rest;
    return {
      message: unnamed,
      reasons: [{ code: 'UNKNOWN_FIELD', path: at, message: 'the message names its channel already' }],
    };
  }
  const channel = typeof obis === 'string' ? channelOfObis(obis) : undefined;
  if (channel === undefined) {
    return { message: rest, reasons: [{ code: 'UNKNOWN_CHANNEL', path: at, message: 'no OBIS code of a channel' }] };
  }
  return { message: { ...rest, channel }, reasons: [] };
}

/**
 * A sensor's message with the kinds and phases that its OBIS codes stand for. Power in both directions is one signed measurement: of
 * a pair of codes the second is taken into the first.
 */
export function withMeasurements(
  message: JsonValue,
  path: string,
): { ok: true; message: JsonValue } | { ok: false; reasons: Reason[] } {
  if (typeof message !== 'object' || message === null || Array.isArray(message)) return { ok: true, message };
  const { measurements } = message;
  if (!Array.isArray(measurements) || !measurements.some(hasObis)) return { ok: true, message };
  const reasons: Reason[] = [];
  const named: JsonValue[] = [];
  const pairs = new Map<string, { place: number; reverse: boolean }>();
  for (const [index, measurement] of measurements.entries()) {
    if (!hasObis(measurement)) {
      named.push(measurement);
      continue;
    }
    const { obis, ...rest } = measurement;
    const at = `${path === '' ? '' : `${path}.`}measurements[${index}].obis`;
    const found = typeof obis === 'string' ? measurementOfObis(obis) : undefined;
    if (Object.hasOwn(rest, 'kind') || Object.hasOwn(rest, 'phase')) {
      reasons.push({ code: 'UNKNOWN_FIELD', path: at, message: 'kind and phase are named already' });
    } else if (!found) reasons.push({ code: 'UNKNOWN_KIND', path: at, message: 'no OBIS code of a measurement' });
    else {
      const { reverse, ...what } = found;
      // Zero has no direction.
      const value = reverse && typeof rest.value === 'number' ? 0 - rest.value : (rest.value as JsonValue);
      const key = `${what.kind} ${what.phase}`;
      const pair = pairs.get(key);
      const first = pair && pair.reverse !== reverse ? (named[pair.place] as { value: JsonValue }) : undefined;
      if (first && typeof first.value === 'number' && typeof value === 'number') first.value += value;
      else {
        pairs.set(key, { place: named.length, reverse });
        named.push({ ...rest, ...what, value });
      }
    }
  }
  return reasons.length > 0 ? { ok: false, reasons } : { ok: true, message: { ...message, measurements: named } };
}

const hasObis = (measurement: JsonValue): measurement is { [key: string]: JsonValue } =>
  typeof measurement === 'object' &&
  measurement !== null &&
  !Array.isArray(measurement) &&
  Object.hasOwn(measurement, 'obis');
