import type { Reason, ReasonCode } from '../../contracts/codes/reasons.ts';
import { CHANNELS, type ChannelName, ENERGY_SCALE, QUALITIES } from '../../contracts/messages/channels.ts';
import {
  IntervalBlockHead,
  IntervalBlockItem,
  IntervalReadingMessage,
} from '../../contracts/messages/interval-readings.ts';
import { EARLIEST_TIME_MS, MAX_INTERVAL_KWH, MAX_INTERVALS_PER_MESSAGE } from '../../contracts/messages/limits.ts';
import { checkWire, soundFields } from '../../contracts/messages/violations.ts';
import { type Arrival, latestTime } from '../messages/latest-time.ts';
import { withChannel } from '../messages/obis.ts';
import type { JsonValue } from '../messages/strict-json.ts';
import { DAY_MS, MINUTE_MS } from './calendar-day.ts';
import type { RegisteredMeter } from './meter-registry.ts';
import type { ReadingColumns } from './reading-columns.ts';

/** What a payload is judged against. */
export interface Judgement extends Arrival {
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
  const { message, reasons: nameReasons } = withChannel(published, path);
  const isBlock = message !== null && typeof message === 'object' && Object.hasOwn(message, 'intervals');
  const schema = isBlock ? IntervalBlockHead : IntervalReadingMessage;
  const wireReasons = [...nameReasons, ...wireReasonsOf(schema, message, { path, isNamed: nameReasons.length === 0 })];
  const head: Partial<Head> = isBlock
    ? soundFields(IntervalBlockHead, message)
    : soundFields(IntervalReadingMessage, message);
  const headReasons = [...wireReasons, ...judgeHead(head, path, judgement)];
  const isGood = headReasons.length === 0;
  if (!isBlock) {
    const item = soundFields(IntervalBlockItem, message);
    return [...headReasons, ...judgeInterval(item, head, { path, isGood }, judgement, out)];
  }
  const { intervals } = message as { intervals?: unknown };
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
    const sound = checked.ok ? checked.data : soundFields(IntervalBlockItem, item);
    const place = { path: itemPath, isGood: isGood && checked.ok };
    return [...(checked.ok ? [] : checked.reasons), ...judgeInterval(sound, head, place, judgement, out)];
  });
  return [...headReasons, ...itemReasons];
}

/** What breaks a schema; where the channel could not be named, that it is missing is no news. */
export function wireReasonsOf(
  schema: Parameters<typeof checkWire>[0],
  message: JsonValue,
  { path, isNamed }: { path: string; isNamed: boolean },
): Reason[] {
  const wire = checkWire(schema, message, path);
  if (wire.ok) return [];
  const channelPath = path === '' ? 'channel' : `${path}.channel`;
  return wire.reasons.filter((reason) => isNamed || reason.path !== channelPath);
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

function judgeHead({ meterId, channel, unit, intervalMinutes }: Partial<Head>, path: string, judgement: Judgement) {
  const reasons: Reason[] = [];
  const say = (code: ReasonCode, field: string, message: string) =>
    reasons.push({ code, path: path === '' ? field : `${path}.${field}`, message });
  if (meterId !== undefined) {
    for (const { code, message } of speakerReasons(meterId, judgement)) say(code, 'meterId', message);
  }
  if (channel === undefined) return reasons;
  const { code, unit: itsUnit } = CHANNELS[channel];
  if (unit !== undefined && unit !== itsUnit) say('WRONG_UNIT', 'unit', `${channel} is in ${itsUnit}`);
  const registered = meterId === undefined ? undefined : judgement.meter(meterId);
  if (!registered) return reasons;
  const expected = registered.intervalMinutes[code] ?? 0;
  if (expected === 0) say('UNKNOWN_CHANNEL', 'channel', `${meterId} has no ${channel}`);
  else if (intervalMinutes !== undefined && expected !== intervalMinutes) {
    say('INTERVAL_SIZE', 'intervalMinutes', `${meterId} has intervals of ${expected} minutes`);
  }
  return reasons;
}

/** Judges an interval as far as it and its head can be read, and appends it if both are good. */
function judgeInterval(
  item: Partial<IntervalBlockItem>,
  head: Partial<Head>,
  { path, isGood }: { path: string; isGood: boolean },
  judgement: Judgement,
  out: ReadingColumns,
): Reason[] {
  const reasons: Reason[] = [];
  const at = (field: string) => (path === '' ? field : `${path}.${field}`);
  const say = (code: ReasonCode, field: string, message: string) => reasons.push({ code, path: at(field), message });
  const { intervalMinutes = 0 } = head;
  const intervalMs = intervalMinutes * MINUTE_MS;
  const start = item.start === undefined ? undefined : Date.parse(item.start);
  if (start !== undefined && Number.isNaN(start)) say('INVALID_TIME', 'start', 'no such instant');
  else if (start !== undefined) {
    if (intervalMs > 0 && start % intervalMs !== 0) {
      say('MISALIGNED', 'start', `not on a multiple of ${intervalMinutes} minutes`);
    }
    if (start + intervalMs > latestTime(judgement)) say('FUTURE_TIME', 'start', 'ends after its receipt');
    if (start < EARLIEST_TIME_MS) say('TOO_OLD', 'start', 'before any interval metering');
  }
  const { value } = item;
  const energyWh = value === undefined ? undefined : Math.round(value * ENERGY_SCALE);
  if (value !== undefined && value > MAX_INTERVAL_KWH) {
    say('OUT_OF_RANGE', 'value', `over ${MAX_INTERVAL_KWH} kWh in one interval`);
  } else if (energyWh !== undefined && (energyWh / ENERGY_SCALE !== value || judgement.inexact.has(at('value')))) {
    say('EXCESS_PRECISION', 'value', 'more than three decimals');
  }
  if (reasons.length > 0 || !isGood || start === undefined || energyWh === undefined) return reasons;
  const { meterId, channel } = head as Head;
  const day = Math.floor(start / DAY_MS);
  out.push({
    meterNo: (judgement.meter(meterId) as RegisteredMeter).meterNo,
    channel: CHANNELS[channel].code,
    intervalMinutes,
    day,
    slot: (start - day * DAY_MS) / intervalMs,
    energyWh,
    revision: item.revision ?? 0,
    quality: QUALITIES[item.quality ?? 'raw'],
    recordedAt: judgement.receivedAt,
  });
  return reasons;
}
