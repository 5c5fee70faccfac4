import type { Reason, ReasonCode } from '../../contracts/codes/reasons.ts';
import { CHANNELS, ENERGY_SCALE } from '../../contracts/messages/channels.ts';
import { EARLIEST_TIME_MS, MAX_AHEAD_MS, MAX_REGISTER_KWH } from '../../contracts/messages/limits.ts';
import { MeterEventMessage, RegisterReadMessage } from '../../contracts/messages/messages.ts';
import { checkWire } from '../../contracts/messages/violations.ts';
import type { JsonValue } from '../messages/strict-json.ts';
import type { Judgement } from './interval-validation.ts';
import type { MeterEvent, RegisterRead } from './meter-facts.ts';

type Say = (code: ReasonCode, field: string, message: string) => void;

/** Judges a payload of one message or a list of them, each by itself. */
function judgeEach(payload: JsonValue, judge: (message: JsonValue, path: string) => Reason[]): Reason[] {
  if (!Array.isArray(payload)) return judge(payload, '');
  if (payload.length === 0) return [{ code: 'EMPTY', path: '', message: 'no messages' }];
  return payload.flatMap((message, index) => judge(message, `[${index}]`));
}

const collect = (path: string, judge: (say: Say) => void): Reason[] => {
  const reasons: Reason[] = [];
  judge((code, field, message) => reasons.push({ code, path: path === '' ? field : `${path}.${field}`, message }));
  return reasons;
};

function judgeOwnerAndTime(message: { meterId: string; time: string }, judgement: Judgement, say: Say): number {
  const { ownerId, receivedAt } = judgement;
  if (ownerId !== undefined && message.meterId !== ownerId) say('ID_MISMATCH', 'meterId', `the topic is ${ownerId}'s`);
  if (!judgement.meter(message.meterId)) say('UNKNOWN_METER', 'meterId', `no meter ${message.meterId}`);
  const time = Date.parse(message.time);
  if (Number.isNaN(time)) say('INVALID_TIME', 'time', 'no such instant');
  else if (time > receivedAt + MAX_AHEAD_MS) say('FUTURE_TIME', 'time', 'after its receipt');
  else if (time < EARLIEST_TIME_MS) say('TOO_OLD', 'time', 'before any interval metering');
  return time;
}

/** Appends good register reads to `out`; names every violation of the others. */
export function validateRegisterReads(payload: JsonValue, judgement: Judgement, out: RegisterRead[]): Reason[] {
  return judgeEach(payload, (message, path) => {
    const wire = checkWire(RegisterReadMessage, message, path);
    if (!wire.ok) return wire.reasons;
    const read = wire.data;
    const channel = CHANNELS[read.channel];
    const meter = judgement.meter(read.meterId);
    const energyWh = Math.round(read.value * ENERGY_SCALE);
    let readAt = 0;
    const reasons = collect(path, (say) => {
      readAt = judgeOwnerAndTime(read, judgement, say);
      if (read.unit !== channel.unit) say('WRONG_UNIT', 'unit', `${read.channel} is in ${channel.unit}`);
      if (meter && !meter.intervalMinutes[channel.code])
        say('UNKNOWN_CHANNEL', 'channel', 'the meter has no such channel');
      const inexact = judgement.inexact.has(path === '' ? 'value' : `${path}.value`);
      if (read.value > MAX_REGISTER_KWH) say('OUT_OF_RANGE', 'value', `over ${MAX_REGISTER_KWH}`);
      else if (inexact || energyWh / ENERGY_SCALE !== read.value)
        say('EXCESS_PRECISION', 'value', 'over three decimals');
    });
    if (reasons.length > 0 || !meter) return reasons;
    out.push({
      meterNo: meter.meterNo,
      channel: channel.code,
      readAt,
      revision: read.revision ?? 0,
      energyWh,
      recordedAt: judgement.receivedAt,
    });
    return reasons;
  });
}

/** Appends good meter events to `out`; names every violation of the others. */
export function validateMeterEvents(payload: JsonValue, judgement: Judgement, out: MeterEvent[]): Reason[] {
  return judgeEach(payload, (message, path) => {
    const wire = checkWire(MeterEventMessage, message, path);
    if (!wire.ok) return wire.reasons;
    const { meterId, event, detail = '' } = wire.data;
    const meter = judgement.meter(meterId);
    let occurredAt = 0;
    const reasons = collect(path, (say) => {
      occurredAt = judgeOwnerAndTime(wire.data, judgement, say);
      // PostgreSQL's text cannot hold it.
      if (detail.includes('\0')) say('WRONG_TYPE', 'detail', 'holds a NUL character');
    });
    if (reasons.length > 0 || !meter) return reasons;
    out.push({ meterNo: meter.meterNo, occurredAt, event, detail, recordedAt: judgement.receivedAt });
    return reasons;
  });
}
