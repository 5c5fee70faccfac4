import type { Reason, ReasonCode } from '../../contracts/codes/reasons.ts';
import { CHANNELS, ENERGY_DECIMALS, QUALITIES } from '../../contracts/messages/channels.ts';
import { Id } from '../../contracts/messages/fields.ts';
import { IntervalColumnsHead } from '../../contracts/messages/interval-columns.ts';
import {
  EARLIEST_TIME_MS,
  MAX_CELLS_PER_MESSAGE,
  MAX_INTERVAL_KWH,
  MAX_METERS_PER_MESSAGE,
} from '../../contracts/messages/limits.ts';
import { checkWire, soundFields } from '../../contracts/messages/violations.ts';
import { latestTime } from '../messages/latest-time.ts';
import type { JsonValue } from '../messages/strict-json.ts';
import { DAY_MS, dayOf, MINUTE_MS } from './calendar-day.ts';
import { type Judgement, speakerReasons } from './interval-validation.ts';
import type { RegisteredMeter } from './meter-registry.ts';
import type { ReadingColumns } from './reading-columns.ts';

/** A message that is wrong everywhere gets so many reasons and the number of the others. */
const MAX_REASONS = 1000;

type Say = (code: ReasonCode, path: string, message: string) => void;

/**
 * Judges a parsed payload of columnar messages: appends every good interval, names every violation of the others. A fault in
 * the head or the shape refuses the whole message, one of a meter its row, one of a value its interval.
 */
export function validateIntervalColumns(payload: JsonValue, judgement: Judgement, out: ReadingColumns): Reason[] {
  const reasons: Reason[] = [];
  let more = 0;
  const say: Say = (code, path, message) => {
    if (reasons.length < MAX_REASONS) reasons.push({ code, path, message });
    else more++;
  };
  if (!Array.isArray(payload)) validateMessage(payload, '', judgement, out, say);
  else if (payload.length === 0) say('EMPTY', '', 'no messages');
  else for (const [index, message] of payload.entries()) validateMessage(message, `[${index}]`, judgement, out, say);
  const last = reasons.at(-1);
  if (more > 0 && last) last.message = `${last.message}; ${more} more violations are not listed`;
  return reasons;
}

function validateMessage(message: JsonValue, path: string, judgement: Judgement, out: ReadingColumns, say: Say): void {
  const at = (field: string) => (path === '' ? field : `${path}.${field}`);
  const wire = checkWire(IntervalColumnsHead, message, path);
  if (!wire.ok) for (const reason of wire.reasons) say(reason.code, reason.path, reason.message);
  if (message === null || typeof message !== 'object' || Array.isArray(message)) return;
  const meters = listOf(message, 'meters', { at, most: MAX_METERS_PER_MESSAGE, say });
  const values = listOf(message, 'values', { at, most: MAX_CELLS_PER_MESSAGE, say });
  const sound: Partial<IntervalColumnsHead> = wire.ok ? wire.data : soundFields(IntervalColumnsHead, message);
  let good = judgeHead(sound, at, say) && wire.ok;
  if (meters && values && sound.intervals !== undefined && values.length !== meters.length * sound.intervals) {
    say(
      'WRONG_LENGTH',
      at('values'),
      `${values.length} values for ${meters.length} meters × ${sound.intervals} intervals`,
    );
    good = false;
  }
  const rows = meters && judgeMeters(meters, sound, { at, judgement, say });
  const ended = endedIntervals(sound, latestTime(judgement));
  if (ended !== undefined && values && sound.intervals !== undefined && ended < sound.intervals) {
    const { intervals } = sound;
    const first = Math.max(0, ended);
    const future = values.some((value, index) => value !== null && index % intervals >= first);
    if (future) say('FUTURE_TIME', at('intervals'), `interval ${first} and later end after their receipt`);
  }
  if (!good || !rows || !wire.ok || ended === undefined) {
    for (const [index, value] of (values ?? []).entries()) {
      const { inexact } = judgement;
      const factor = sound.scale === undefined ? undefined : 10 ** (sound.scale + ENERGY_DECIMALS);
      if (value !== null) judgeValue(value, at(`values[${index}]`), { factor, inexact, say });
    }
    return;
  }
  if (!values) return;
  const head = wire.data;
  const start = Date.parse(head.start);
  const intervalMs = head.intervalMinutes * MINUTE_MS;
  const factor = 10 ** (head.scale + ENERGY_DECIMALS);
  for (const [index, value] of values.entries()) {
    if (value === null) continue;
    const column = index % head.intervals;
    const energyWh = judgeValue(value, at(`values[${index}]`), { factor, inexact: judgement.inexact, say });
    const meter = rows[(index - column) / head.intervals];
    if (energyWh === undefined || meter === undefined || column >= ended) continue;
    const time = start + column * intervalMs;
    const day = dayOf(time);
    out.push({
      meterNo: meter.meterNo,
      channel: CHANNELS[head.channel].code,
      intervalMinutes: head.intervalMinutes,
      day,
      slot: (time - day * DAY_MS) / intervalMs,
      energyWh,
      revision: head.revision ?? 0,
      quality: QUALITIES[head.quality ?? 'raw'],
      recordedAt: judgement.receivedAt,
    });
  }
}

interface Place {
  at(field: string): string;
  say: Say;
}

function listOf(
  message: { [key: string]: JsonValue },
  field: 'meters' | 'values',
  { at, most, say }: Place & { most: number },
): JsonValue[] | undefined {
  const list = Object.hasOwn(message, field) ? message[field] : undefined;
  // Named already: the head's check misses the field.
  if (list === undefined) return undefined;
  if (!Array.isArray(list)) say('WRONG_TYPE', at(field), 'not a list');
  else if (list.length === 0) say('EMPTY', at(field), `no ${field}`);
  else if (list.length > most) say('TOO_LARGE', at(field), `over ${most} ${field}`);
  else return list;
  return undefined;
}

/** @returns whether its rows may be stored. */
function judgeHead(head: Partial<IntervalColumnsHead>, at: Place['at'], say: Say): boolean {
  let good = true;
  const violated: Say = (code, field, message) => {
    say(code, at(field), message);
    good = false;
  };
  const { channel, unit, intervalMinutes } = head;
  if (channel !== undefined && unit !== undefined && unit !== CHANNELS[channel].unit) {
    violated('WRONG_UNIT', 'unit', `${channel} is in ${CHANNELS[channel].unit}`);
  }
  if (head.start === undefined) return false;
  const start = Date.parse(head.start);
  if (Number.isNaN(start)) violated('INVALID_TIME', 'start', 'no such instant');
  else {
    if (intervalMinutes !== undefined && start % (intervalMinutes * MINUTE_MS) !== 0) {
      violated('MISALIGNED', 'start', `not on a multiple of ${intervalMinutes} minutes`);
    }
    if (start < EARLIEST_TIME_MS) violated('TOO_OLD', 'start', 'before any interval metering');
  }
  return good;
}

/** How many of its intervals end by an instant; undefined: that cannot be read. */
function endedIntervals({ start, intervalMinutes }: Partial<IntervalColumnsHead>, latest: number): number | undefined {
  const startMs = start === undefined ? Number.NaN : Date.parse(start);
  if (Number.isNaN(startMs) || intervalMinutes === undefined) return undefined;
  return Math.floor((latest - startMs) / (intervalMinutes * MINUTE_MS));
}

/** The registered meter of each row; undefined where the row is refused. */
function judgeMeters(
  meters: readonly JsonValue[],
  { channel, intervalMinutes }: Partial<IntervalColumnsHead>,
  { at, judgement, say }: Place & { judgement: Judgement },
): (RegisteredMeter | undefined)[] {
  const places = new Map<JsonValue, number>();
  for (const meterId of meters) places.set(meterId, (places.get(meterId) ?? 0) + 1);
  const code = channel === undefined ? undefined : CHANNELS[channel].code;
  return meters.map((meterId, index) => {
    const path = at(`meters[${index}]`);
    const wire = checkWire(Id, meterId, path);
    if (!wire.ok) {
      for (const reason of wire.reasons) say(reason.code, reason.path, reason.message);
      return undefined;
    }
    const twice = (places.get(meterId) ?? 0) > 1;
    if (twice) say('DUPLICATE_METER', path, `${wire.data} stands more than once`);
    const registered = judgement.meter(wire.data);
    const expected = code === undefined ? undefined : (registered?.intervalMinutes[code] ?? 0);
    const speaker = speakerReasons(wire.data, judgement);
    for (const reason of speaker) say(reason.code, path, reason.message);
    if (speaker.length > 0 || !registered || expected === undefined) return undefined;
    if (expected === 0) say('UNKNOWN_CHANNEL', path, `${wire.data} has no ${channel}`);
    else if (intervalMinutes !== undefined && expected !== intervalMinutes) {
      say('INTERVAL_SIZE', path, `${wire.data} has intervals of ${expected} minutes`);
    } else if (!twice) return registered;
    return undefined;
  });
}

/** Wh of a value; undefined: refused, or its scale is not known. */
function judgeValue(
  value: JsonValue,
  path: string,
  { factor, inexact, say }: { factor: number | undefined; inexact: ReadonlySet<string>; say: Say },
): number | undefined {
  if (typeof value !== 'number') say('WRONG_TYPE', path, 'neither a number nor null');
  else if (value < 0) say('NEGATIVE', path, 'below zero');
  else if (factor !== undefined && value * factor > MAX_INTERVAL_KWH * 1000)
    say('OUT_OF_RANGE', path, `over ${MAX_INTERVAL_KWH} kWh`);
  else if (!Number.isInteger(value) || inexact.has(path)) say('EXCESS_PRECISION', path, 'not a whole number');
  else return factor === undefined ? undefined : value * factor;
  return undefined;
}
