import type { Reason, ReasonCode } from '../../contracts/codes/reasons.ts';
import { EARLIEST_TIME_MS } from '../../contracts/messages/limits.ts';
import { MEASUREMENT_KINDS } from '../../contracts/messages/measurements.ts';
import { SensorTelemetryMessage } from '../../contracts/messages/sensor-telemetry.ts';
import { checkWire, soundFields } from '../../contracts/messages/violations.ts';
import { type Arrival, latestTime } from '../messages/latest-time.ts';
import { withMeasurements } from '../messages/obis.ts';
import type { JsonValue } from '../messages/strict-json.ts';
import type { RegisteredSensor } from '../network/topology-store.ts';
import type { Sample } from './telemetry-store.ts';

/** What a payload is judged against. */
export interface TelemetryJudgement extends Arrival {
  /** The id in the topic; undefined where a topic names no sensor. */
  ownerId: string | undefined;
  sensor(sensorId: string): RegisteredSensor | undefined;
}

/** Samples of the good measurements of a payload, and every violation of the others. */
export function validateTelemetry(
  payload: JsonValue,
  judgement: TelemetryJudgement,
): { samples: Sample[]; reasons: Reason[] } {
  if (!Array.isArray(payload)) return validateMessage(payload, '', judgement);
  if (payload.length === 0) return { samples: [], reasons: [{ code: 'EMPTY', path: '', message: 'no messages' }] };
  const judged = payload.map((message, index) => validateMessage(message, `[${index}]`, judgement));
  return { samples: judged.flatMap(({ samples }) => samples), reasons: judged.flatMap(({ reasons }) => reasons) };
}

function validateMessage(
  payload: JsonValue,
  path: string,
  { ownerId, sensor, ...arrival }: TelemetryJudgement,
): { samples: Sample[]; reasons: Reason[] } {
  const named = withMeasurements(payload, path);
  // Without its names a message cannot be read as ours; all else of it can be judged.
  const published = named.ok ? named.message : payload;
  const wire = checkWire(SensorTelemetryMessage, published, path);
  const reasons: Reason[] = named.ok ? [] : [...named.reasons];
  if (!wire.ok && named.ok) reasons.push(...wire.reasons);
  const message = wire.ok ? wire.data : soundFields(SensorTelemetryMessage, published);
  const say = (code: ReasonCode, field: string, text: string) =>
    reasons.push({ code, path: path === '' ? field : `${path}.${field}`, message: text });
  const time = message.time === undefined ? undefined : Date.parse(message.time);
  if (time !== undefined) {
    if (Number.isNaN(time)) say('INVALID_TIME', 'time', 'no such instant');
    if (time > latestTime(arrival)) say('FUTURE_TIME', 'time', 'after its receipt');
    if (time < EARLIEST_TIME_MS) say('TOO_OLD', 'time', 'before any metering');
  }
  const { sensorId } = message;
  if (ownerId !== undefined && sensorId !== undefined && sensorId !== ownerId)
    say('ID_MISMATCH', 'sensorId', `the topic is ${ownerId}'s`);
  const registered = sensorId === undefined ? undefined : sensor(sensorId);
  if (sensorId !== undefined && !registered) say('UNKNOWN_SENSOR', 'sensorId', `no sensor ${sensorId}`);
  const headIsGood = reasons.length === 0;
  const samples: Sample[] = [];
  const seen = new Set<string>();
  soundMeasurements(message.measurements ?? (published as { measurements?: JsonValue })?.measurements).forEach(
    (measurement, index) => {
      if (!measurement) return;
      const { kind, unit, phase, value } = measurement;
      const before = reasons.length;
      const at = (field: string) => `measurements[${index}].${field}`;
      const { unit: expected, min, max } = MEASUREMENT_KINDS[kind];
      if (unit !== expected) say('WRONG_UNIT', at('unit'), `${kind} is in ${expected}`);
      if (value < min || value > max)
        say('OUT_OF_RANGE', at('value'), `${kind} lies within ${min} and ${max} ${expected}`);
      const known = registered?.kinds.find((each) => each.kind === kind);
      if (registered && !known) say('UNKNOWN_KIND', at('kind'), `${sensorId} does not measure ${kind}`);
      if (known && phase !== undefined && !known.phases?.includes(phase)) {
        say('UNKNOWN_PHASE', at('phase'), `${sensorId} does not measure ${kind} of ${phase}`);
      }
      const what = `${kind} ${phase}`;
      if (seen.has(what)) say('DUPLICATE_MEASUREMENT', `measurements[${index}]`, 'the message measures this twice');
      if (!headIsGood || !registered || time === undefined || reasons.length > before) return;
      seen.add(what);
      samples.push({
        sensorId: registered.sensorId,
        feederId: registered.feederId,
        kind,
        ...(phase === undefined ? {} : { phase }),
        time,
        value,
        version: arrival.receivedAt,
      });
    },
  );
  return { samples, reasons };
}

/** Measurements that can be read; undefined in the place of one that cannot. */
function soundMeasurements(listed: unknown): (SensorTelemetryMessage['measurements'][number] | undefined)[] {
  if (!Array.isArray(listed)) return [];
  return listed.map((measurement) => SensorTelemetryMessage.shape.measurements.element.safeParse(measurement).data);
}
