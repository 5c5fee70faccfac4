import type { MeasurementKindName } from '../../contracts/messages/measurements.ts';
import { DAY_MS, MINUTE_MS } from '../readings/calendar-day.ts';
import type { SampleAggregate, TelemetryStore } from '../telemetry/telemetry-store.ts';
import type { ScoredSensor, SensorSeries } from './sensor-store.ts';

/** Samples are scored as means of ten minutes, as supply voltage is judged. Source: IEC 61000-4-30, class A; EN 50160. */
export const SENSOR_WINDOW_MINUTES = 10;
/** Sensors that were scored so lately are read together, from where the earliest of them stands. [proposed] */
const LATELY_MS = 3 * DAY_MS;
/** Others are read from the month on in which they next have a sample. */
const MONTH_MINUTES = 30 * 24 * 60;
/** Most of a sensor's past that is scored at once. [proposed] */
const MOST_MS = 60 * DAY_MS;

/** What is looked at of one sensor: [from, to), epoch ms, at the edges of windows. */
export interface SensorSpan {
  sensorId: string;
  from: number;
  to: number;
  /** More comes after it: it is history. */
  past: boolean;
}

export interface SensorLook {
  spans: SensorSpan[];
  series: SensorSeries[];
}

/**
 * The next windows of sensors to be scored: all that has been stored since they were last, of each at most two months.
 * @param before windows that end by then, epoch ms, have been gathered whole.
 */
export async function nextWindows(
  telemetry: Pick<TelemetryStore, 'aggregate'>,
  sensors: readonly ScoredSensor[],
  before: number,
): Promise<SensorLook> {
  const windowMs = SENSOR_WINDOW_MINUTES * MINUTE_MS;
  const end = Math.floor(before / windowMs) * windowMs;
  const lately = sensors.filter(({ scoredTo }) => end - (scoredTo ?? 0) <= LATELY_MS);
  const together = Math.min(...lately.map(({ scoredTo }) => scoredTo ?? 0));
  const behind = sensors.filter((sensor) => !lately.includes(sensor));
  const spans = [
    ...lately.map(({ sensorId }) => ({ sensorId, from: together, to: end, past: false })),
    ...(await spansOf(telemetry, behind, end)),
  ].filter(({ from, to }) => from < to);
  const known = new Map(sensors.map((sensor) => [sensor.sensorId, sensor]));
  const series: SensorSeries[] = [];
  for (const alike of Map.groupBy(spans, ({ from, to }) => `${from}/${to}`).values()) {
    const [{ from, to }] = alike as [SensorSpan];
    const measuring = alike.map(({ sensorId }) => known.get(sensorId) as ScoredSensor);
    for (const [kind, sensorIds] of byKind(measuring)) {
      const found = await telemetry.aggregate({ sensorIds, kind, from, to, minutes: SENSOR_WINDOW_MINUTES });
      for (const own of Map.groupBy(found, ({ sensorId, phase }) => `${sensorId}/${phase ?? ''}`).values()) {
        const [{ sensorId, phase = null }] = own as [SampleAggregate];
        const windows = own.map(({ start, mean }) => [start, mean] as const).sort(([a], [b]) => a - b);
        series.push({ sensorId, kind, phase, timeZone: known.get(sensorId)?.timeZone ?? 'UTC', windows });
      }
    }
  }
  return { spans, series };
}

/** Spans of sensors that are far behind or new: each from where it next has a sample; none where it has none. */
async function spansOf(
  telemetry: Pick<TelemetryStore, 'aggregate'>,
  sensors: readonly ScoredSensor[],
  end: number,
): Promise<SensorSpan[]> {
  const from = Math.min(...sensors.map(({ scoredTo }) => scoredTo ?? 0));
  const months = new Map<string, number[]>();
  for (const [kind, sensorIds] of byKind(sensors)) {
    const found = await telemetry.aggregate({ sensorIds, kind, from, to: end, minutes: MONTH_MINUTES });
    for (const { sensorId, start } of found) months.set(sensorId, [...(months.get(sensorId) ?? []), start]);
  }
  return sensors.flatMap(({ sensorId, scoredTo }) => {
    const stands = scoredTo ?? 0;
    const next = (months.get(sensorId) ?? []).filter((start) => start + MONTH_MINUTES * MINUTE_MS > stands);
    if (next.length === 0) return [];
    const begins = Math.max(stands, Math.min(...next));
    const to = Math.min(end, begins + MOST_MS);
    return [{ sensorId, from: begins, to, past: to < end }];
  });
}

function byKind(sensors: readonly ScoredSensor[]): Map<MeasurementKindName, string[]> {
  const measuring = new Map<MeasurementKindName, string[]>();
  for (const { sensorId, kinds } of sensors)
    for (const kind of kinds) measuring.set(kind, [...(measuring.get(kind) ?? []), sensorId]);
  return measuring;
}
