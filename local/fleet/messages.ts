import { isoSeconds, startOfIndex } from './calendar.ts';
import { BLANK, type MeterColumn } from './data/source.ts';
import { feederMeasurements } from './sensors.ts';
import type { FeederPlan } from './topology.ts';

/** Something with a cursor through the source's half hours. */
export interface Source {
  deviceId: string;
  topic: string;
  /** Most half hours that fit one message of 128 KiB. */
  maxIntervals: number;
  /** Half hours of its service. */
  first: number;
  end: number;
  /** Readings between two indexes that are not blank. */
  count(from: number, end: number): number;
  /** The message of the half hours [from, end), or undefined if all are blank. */
  message(from: number, end: number, shiftMs: number): Buffer | undefined;
}

/** An interval is ~52 bytes of JSON: 2,000 are 104 kB. A sample of a feeder is ~560 bytes: 200 are 112 kB. */
const MAX_INTERVALS = 2000;
const MAX_SAMPLES = 200;

export function meterSource(meter: MeterColumn, rulePrefix: string): Source {
  const { meterId, valuesWh, first, end } = meter;
  const head = { meterId, channel: 'activeEnergyImport', unit: 'kWh', intervalMinutes: 30 };
  return {
    deviceId: meterId,
    topic: `$aws/rules/${rulePrefix}_interval_readings/meters/${meterId}/interval-readings`,
    maxIntervals: MAX_INTERVALS,
    first,
    end,
    count: (from, to) => valuesWh.subarray(from, to).reduce((sum, value) => sum + (value === BLANK ? 0 : 1), 0),
    message(from, to, shiftMs) {
      const intervals: { start: string; value: number }[] = [];
      for (let index = from; index < to; index++) {
        const value = valuesWh[index] as number;
        if (value !== BLANK) intervals.push({ start: isoSeconds(startOfIndex(index) + shiftMs), value: value / 1000 });
      }
      if (intervals.length === 0) return undefined;
      return Buffer.from(
        JSON.stringify(intervals.length === 1 ? { ...head, ...intervals[0] } : { ...head, intervals }),
      );
    },
  };
}

export function sensorSource(feeder: FeederPlan, rulePrefix: string): Source {
  const meters = feeder.transformers.flatMap((transformer) => transformer.meters);
  const { sensorId } = feeder;
  return {
    deviceId: sensorId,
    topic: `$aws/rules/${rulePrefix}_sensor_telemetry/sensors/${sensorId}/sensor-telemetry`,
    maxIntervals: MAX_SAMPLES,
    first: Math.min(...meters.map((meter) => meter.first)),
    end: Math.max(...meters.map((meter) => meter.end)),
    count: (from, to) => to - from,
    message(from, to, shiftMs) {
      const samples = Array.from({ length: to - from }, (_, n) => ({
        sensorId,
        time: isoSeconds(startOfIndex(from + n) + shiftMs),
        measurements: feederMeasurements(feeder, from + n),
      }));
      return samples.length === 0
        ? undefined
        : Buffer.from(JSON.stringify(samples.length === 1 ? samples[0] : samples));
    },
  };
}
