import type { LaneStretch } from '../charts/TimeChart.tsx';
import { minuteMs } from './times.ts';

interface Readings {
  intervalMinutes: number;
  from: string;
  to: string;
  intervals: readonly {
    start: string;
    end: string;
    value: number;
    quality: 'raw' | 'estimated' | 'edited';
    version: number;
  }[];
  gaps: readonly { start: string; end: string; reason: 'missing' | 'awaited' }[];
}

/** Readings laid on their slots: a slot without a reading holds null, so that no line crosses it. Times in ms. */
export const slotsOf = (readings: Readings) => {
  const stepMs = readings.intervalMinutes * minuteMs;
  const from = Math.floor(Date.parse(readings.from) / stepMs) * stepMs;
  const count = Math.max(0, Math.ceil((Date.parse(readings.to) - from) / stepMs));
  const times = Array.from({ length: count }, (_, index) => from + index * stepMs);
  const points: (number | null)[] = times.map(() => null);
  const details: string[] = times.map(() => 'not in service');
  const lane: LaneStretch[] = [];
  const lay = (stretch: LaneStretch) => {
    const before = lane.at(-1);
    if (before && before.quality === stretch.quality && before.to === stretch.from) before.to = stretch.to;
    else lane.push({ ...stretch });
  };
  for (const { start, end, value, quality, version } of readings.intervals) {
    const slot = (Date.parse(start) - from) / stepMs;
    if (!Number.isInteger(slot) || slot < 0 || slot >= count) continue;
    points[slot] = value;
    details[slot] = version > 0 ? `${quality}, revision ${version}` : quality;
    lay({ from: Date.parse(start), to: Date.parse(end), quality });
  }
  for (const { start, end, reason } of readings.gaps) {
    const words = reason === 'missing' ? 'missing: expected and not received' : 'awaited: may still come';
    for (let time = Date.parse(start); time < Date.parse(end); time += stepMs) {
      const slot = (time - from) / stepMs;
      if (slot >= 0 && slot < count) details[Math.floor(slot)] = words;
    }
    lay({ from: Date.parse(start), to: Date.parse(end), quality: reason });
  }
  return { times, points, details, lane };
};
