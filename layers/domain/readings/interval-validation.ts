import type { Reason, ReasonCode } from '../../contracts/codes/reasons.ts';
import { CHANNELS, type ChannelName, ENERGY_SCALE, QUALITIES } from '../../contracts/messages/channels.ts';
import {
  IntervalBlockHead,
  IntervalBlockItem,
  IntervalReadingMessage,
} from '../../contracts/messages/interval-readings.ts';
import {
  EARLIEST_TIME_MS,
  MAX_AHEAD_MS,
  MAX_INTERVAL_KWH,
  MAX_INTERVALS_PER_MESSAGE,
} from '../../contracts/messages/limits.ts';
import { checkWire } from '../../contracts/messages/violations.ts';
import { withChannel } from '../messages/obis.ts';
import type { JsonValue } from '../messages/strict-json.ts';
import { DAY_MS, MINUTE_MS } from './calendar-day.ts';
import type { RegisteredMeter } from './meter-registry.ts';
import type { ReadingColumns } from './reading-columns.ts';

/** What a payload is judged against. */
export interface Judgement {
  /** Epoch ms. */
  receivedAt: number;
  /** The meter's id in the topic; undefined: one speaks for many. */
  ownerId: string | undefined;
  /** The concentrator's id in the topic; undefined: none speaks. With neither, a head-end speaks for any meter. */
  concentratorId?: string | undefined;
  meter(meterId: string): RegisteredMeter | undefined;
  /** Paths of numbers that a double cannot hold exactly. */
  inexact: ReadonlySet<string>;
}

/**
 * Judges a parsed payload of interval readings: appends every good interval, names every violation of the others. A fault in
 * a message's head refuses the whole message.
 */
export function validateIntervalReadings(payload: JsonValue, judgement: Judgement, out: ReadingColumns): Reason[] {
  if (!Array.isArray(payload)) return validateMessage(payload, '', judgement, out);
  if (payload.length === 0) return [{ code: 'EMPTY', path: '', message: 'no messages' }];
  return payload.flatMap((message, index) => validateMessage(message, `[${index}]`, judgement, out));
}

interface Head {
  meterId: string;
  channel: ChannelName;
  unit: string;
  intervalMinutes: number;
}

function validateMessage(published: JsonValue, path: string, judgement: Judgement, out: ReadingColumns): Reason[] {
  const named = withChannel(published, path);
  if (!named.ok) return named.reasons;
  const { message } = named;
  const isBlock = message !== null && typeof message === 'object' && Object.hasOwn(message, 'intervals');
  const wire = checkWire(isBlock ? IntervalBlockHead : IntervalReadingMessage, message, path);
  if (!wire.ok && !isBlock) return wire.reasons;
  const intervals = isBlock ? (message as { intervals: unknown }).intervals : undefined;
  const headReasons = wire.ok ? judgeHead(wire.data as Head, path, judgement) : wire.reasons;
  if (!isBlock) {
    if (headReasons.length > 0 || !wire.ok) return headReasons;
    return judgeInterval(wire.data as Head & IntervalBlockItem, wire.data as Head, path, judgement, out);
  }
  const listPath = path === '' ? 'intervals' : `${path}.intervals`;
  if (!Array.isArray(intervals)) return [...headReasons, { code: 'WRONG_TYPE', path: listPath, message: 'not a list' }];
  if (intervals.length === 0) return [...headReasons, { code: 'EMPTY', path: listPath, message: 'no intervals' }];
  if (intervals.length > MAX_INTERVALS_PER_MESSAGE) {
    return [
      ...headReasons,
      { code: 'TOO_LARGE', path: listPath, message: `over ${MAX_INTERVALS_PER_MESSAGE} intervals` },
    ];
  }
  const itemReasons = intervals.flatMap((item, index) => {
    const itemPath = `${listPath}[${index}]`;
    const checked = checkWire(IntervalBlockItem, item, itemPath);
    if (!checked.ok) return checked.reasons;
    return headReasons.length > 0 || !wire.ok
      ? []
      : judgeInterval(checked.data, wire.data as Head, itemPath, judgement, out);
  });
  return [...headReasons, ...itemReasons];
}

/** Whether the speaker of a topic may speak for a meter, and whether there is one of the id. */
export function speakerReasons(meterId: string, judgement: Judgement): { code: ReasonCode; message: string }[] {
  const { ownerId, concentratorId, meter } = judgement;
  const registered = meter(meterId);
  const reasons: { code: ReasonCode; message: string }[] = [];
  if (ownerId !== undefined && meterId !== ownerId) {
    reasons.push({ code: 'ID_MISMATCH', message: `the topic is ${ownerId}'s` });
  }
  if (!registered) reasons.push({ code: 'UNKNOWN_METER', message: `no meter ${meterId}` });
  else if (concentratorId !== undefined && registered.concentratorId !== concentratorId) {
    reasons.push({ code: 'WRONG_CONCENTRATOR', message: `${concentratorId} does not speak for ${meterId}` });
  }
  return reasons;
}

function judgeHead(head: Head, path: string, judgement: Judgement): Reason[] {
  const reasons: Reason[] = [];
  const say = (code: ReasonCode, field: string, message: string) =>
    reasons.push({ code, path: path === '' ? field : `${path}.${field}`, message });
  for (const { code, message } of speakerReasons(head.meterId, judgement)) say(code, 'meterId', message);
  const channel = CHANNELS[head.channel];
  if (head.unit !== channel.unit) say('WRONG_UNIT', 'unit', `${head.channel} is in ${channel.unit}`);
  const registered = judgement.meter(head.meterId);
  if (registered) {
    const expected = registered.intervalMinutes[channel.code] ?? 0;
    if (expected === 0) say('UNKNOWN_CHANNEL', 'channel', `${head.meterId} has no ${head.channel}`);
    else if (expected !== head.intervalMinutes) {
      say('INTERVAL_SIZE', 'intervalMinutes', `${head.meterId} has intervals of ${expected} minutes`);
    }
  }
  return reasons;
}

function judgeInterval(
  item: IntervalBlockItem,
  head: Head,
  path: string,
  { receivedAt, meter, inexact }: Judgement,
  out: ReadingColumns,
): Reason[] {
  const reasons: Reason[] = [];
  const at = (field: string) => (path === '' ? field : `${path}.${field}`);
  const say = (code: ReasonCode, field: string, message: string) => reasons.push({ code, path: at(field), message });
  const intervalMs = head.intervalMinutes * MINUTE_MS;
  const start = Date.parse(item.start);
  if (Number.isNaN(start)) say('INVALID_TIME', 'start', 'no such instant');
  else {
    if (start % intervalMs !== 0) say('MISALIGNED', 'start', `not on a multiple of ${head.intervalMinutes} minutes`);
    if (start + intervalMs > receivedAt + MAX_AHEAD_MS) say('FUTURE_TIME', 'start', 'ends after its receipt');
    if (start < EARLIEST_TIME_MS) say('TOO_OLD', 'start', 'before any interval metering');
  }
  const energyWh = Math.round(item.value * ENERGY_SCALE);
  if (item.value > MAX_INTERVAL_KWH) say('OUT_OF_RANGE', 'value', `over ${MAX_INTERVAL_KWH} kWh in one interval`);
  else if (energyWh / ENERGY_SCALE !== item.value || inexact.has(at('value'))) {
    say('EXCESS_PRECISION', 'value', 'more than three decimals');
  }
  if (reasons.length > 0) return reasons;
  const day = Math.floor(start / DAY_MS);
  out.push({
    meterNo: (meter(head.meterId) as RegisteredMeter).meterNo,
    channel: CHANNELS[head.channel].code,
    intervalMinutes: head.intervalMinutes,
    day,
    slot: (start - day * DAY_MS) / intervalMs,
    energyWh,
    revision: item.revision ?? 0,
    quality: QUALITIES[item.quality ?? 'raw'],
    recordedAt: receivedAt,
  });
  return reasons;
}
