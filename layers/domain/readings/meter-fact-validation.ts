import type { Reason, ReasonCode } from '../../contracts/codes/reasons.ts';
import { CHANNELS, ENERGY_SCALE } from '../../contracts/messages/channels.ts';
import { EARLIEST_TIME_MS, MAX_REGISTER_KWH } from '../../contracts/messages/limits.ts';
import { MeterEventMessage } from '../../contracts/messages/meter-events.ts';
import { RegisterReadMessage } from '../../contracts/messages/register-reads.ts';
import { checkWire, soundFields } from '../../contracts/messages/violations.ts';
import { latestTime } from '../messages/latest-time.ts';
import { withChannel } from '../messages/obis.ts';
import type { JsonValue } from '../messages/strict-json.ts';
import { type Judgement, speakerReasons, wireReasonsOf } from './interval-validation.ts';
import type { MeterEvent, RegisterRead } from './meter-facts.ts';
import { type DatedRegister, registerAt } from './meter-registry.ts';

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

/** @returns the time, epoch ms; NaN: none that can be read */
function judgeOwnerAndTime(message: { meterId?: string; time?: string }, judgement: Judgement, say: Say): number {
  const { meterId, time: written } = message;
  if (meterId !== undefined) {
    for (const { code, message: text } of speakerReasons(meterId, judgement)) say(code, 'meterId', text);
  }
  if (written === undefined) return Number.NaN;
  const time = Date.parse(written);
  if (Number.isNaN(time)) say('INVALID_TIME', 'time', 'no such instant');
  else if (time > latestTime(judgement)) say('FUTURE_TIME', 'time', 'after its receipt');
  else if (time < EARLIEST_TIME_MS) say('TOO_OLD', 'time', 'before any interval metering');
  return time;
}

/** What a register read is judged against. */
export interface RegisterJudgement extends Judgement {
  /** Registers of a meter as the topology dates them. */
  registers(meterNo: number): readonly DatedRegister[];
}

/** Appends good register reads to `out`; names every violation of the others. */
export function validateRegisterReads(payload: JsonValue, judgement: RegisterJudgement, out: RegisterRead[]): Reason[] {
  return judgeEach(payload, (published, path) => {
    const { message, reasons: nameReasons } = withChannel(published, path);
    const isNamed = nameReasons.length === 0;
    const wireReasons = [...nameReasons, ...wireReasonsOf(RegisterReadMessage, message, { path, isNamed })];
    const read = soundFields(RegisterReadMessage, message);
    const channel = read.channel === undefined ? undefined : CHANNELS[read.channel];
    const meter = read.meterId === undefined ? undefined : judgement.meter(read.meterId);
    const registerWh = read.value === undefined ? Number.NaN : Math.round(read.value * ENERGY_SCALE);
    const reason = read.reason ?? 'scheduled';
    let readAt = Number.NaN;
    const reasons = collect(path, (say) => {
      readAt = judgeOwnerAndTime(read, judgement, say);
      if (channel && read.unit !== undefined && read.unit !== channel.unit) {
        say('WRONG_UNIT', 'unit', `${read.channel} is in ${channel.unit}`);
      }
      if (meter && channel && !meter.intervalMinutes[channel.code]) {
        say('UNKNOWN_CHANNEL', 'channel', 'the meter has no such channel');
      }
      const inexact = judgement.inexact.has(path === '' ? 'value' : `${path}.value`);
      if (read.value !== undefined) {
        if (read.value > MAX_REGISTER_KWH) say('OUT_OF_RANGE', 'value', `over ${MAX_REGISTER_KWH}`);
        else if (inexact || registerWh / ENERGY_SCALE !== read.value) {
          say('EXCESS_PRECISION', 'value', 'over three decimals');
        }
      }
      if (!meter || !channel || Number.isNaN(readAt)) return;
      const isFinal = reason === 'exchange-final';
      const dated = registerAt(judgement.registers(meter.meterNo), { channel: channel.code, at: readAt, isFinal });
      judgeRegister(read, dated, say);
    });
    const all = [...wireReasons, ...reasons];
    if (all.length > 0 || !meter || !channel) return all;
    out.push({
      meterNo: meter.meterNo,
      channel: channel.code,
      readAt,
      revision: read.revision ?? 0,
      registerWh,
      reason,
      serial: read.register?.serial ?? '',
      digits: read.register?.digits ?? 0,
      multiplier: read.register?.multiplier ?? 0,
      recordedAt: judgement.receivedAt,
    });
    return all;
  });
}

/** VEE rule 4, UNIT_OR_MULTIPLIER: what a message says of its register is what the topology says. */
function judgeRegister(
  { value, register }: Partial<RegisterReadMessage>,
  dated: DatedRegister | undefined,
  say: Say,
): void {
  const multiplier = register?.multiplier;
  if (multiplier !== undefined && dated && multiplier !== dated.multiplier) {
    say('WRONG_MULTIPLIER', 'register.multiplier', `the topology has ${dated.multiplier}`);
  }
  const known = dated?.digits ?? undefined;
  if (register?.digits !== undefined && known !== undefined && register.digits !== known) {
    say('WRONG_DIGITS', 'register.digits', `the topology has ${known}`);
  }
  const digits = register?.digits ?? known;
  if (digits !== undefined && value !== undefined && value >= 10 ** digits) {
    say('OUT_OF_RANGE', 'value', `the register has ${digits} digits before the point`);
  }
}

/** Appends good meter events to `out`; names every violation of the others. */
export function validateMeterEvents(payload: JsonValue, judgement: Judgement, out: MeterEvent[]): Reason[] {
  return judgeEach(payload, (message, path) => {
    const wire = checkWire(MeterEventMessage, message, path);
    const read = wire.ok ? wire.data : soundFields(MeterEventMessage, message);
    const { meterId, event, detail = '' } = read;
    const meter = meterId === undefined ? undefined : judgement.meter(meterId);
    let occurredAt = Number.NaN;
    const reasons = collect(path, (say) => {
      occurredAt = judgeOwnerAndTime(read, judgement, say);
      // PostgreSQL's text cannot hold it.
      if (detail.includes('\0')) say('WRONG_TYPE', 'detail', 'holds a NUL character');
    });
    const all = [...(wire.ok ? [] : wire.reasons), ...reasons];
    if (all.length > 0 || !meter || event === undefined) return all;
    out.push({ meterNo: meter.meterNo, occurredAt, event, detail, recordedAt: judgement.receivedAt });
    return all;
  });
}
