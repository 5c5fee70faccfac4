import type { MeterWindow } from '../../contracts/models/anomaly.ts';
import { localOffsetMs } from './local-clock.ts';
import { mean, quantile } from './statistics.ts';

export const HOURS = 24;
/** Hours of the local clock, half open. */
const NIGHT = [1, 5] as const;
const EVENING = [17, 22] as const;
const BASE_SHARE = 0.15;
const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

/** One local day of a meter, in energy per hour of the window's unit. NaN where nothing is known. */
export interface MeterDay {
  /** ms since the epoch of the first interval of the day. */
  start: number;
  /** `YYYY-MM-DD` */
  date: string;
  /** Mean by hour of the local clock: the hour that a clock change takes away is NaN, one that comes twice is the mean of both. */
  hours: Float64Array;
  mean: number;
  /** The lower hours' level: what runs always. */
  base: number;
  night: number;
  evening: number;
  /** Standard deviation over the hours as a share of the mean. */
  variation: number;
  maximum: number;
  minimum: number;
  /** Largest step between neighbouring intervals. */
  largestStep: number;
  /** Longest run of one value other than zero, hours. */
  longestRepeat: number;
  longestZeroRun: number;
  /** Shares of the day's present intervals. */
  zeroShare: number;
  distinctShare: number;
  /** Mean export; 0 without an export channel. */
  exported: number;
  peers: number;
  /** Share of the day's intervals that are present; a cut first or last day has fewer intervals, not absent ones. */
  presentShare: number;
}

/** The local days of a window, in order. */
export function meterDays(window: Omit<MeterWindow, 'meterId'>): MeterDay[] {
  const { imported, intervalMinutes, timeZone } = window;
  const startMs = Date.parse(window.start);
  const stepMs = intervalMinutes * MINUTE_MS;
  const days: MeterDay[] = [];
  let from = 0;
  let local = startMs + localOffsetMs(timeZone, startMs);
  for (let n = 1; n <= imported.length; n++) {
    const at = startMs + n * stepMs;
    const next = at + localOffsetMs(timeZone, at);
    if (n < imported.length && dayOf(next) === dayOf(local)) continue;
    days.push(dayOfIntervals(window, { from, to: n, startMs, stepMs, date: dateOf(local) }));
    from = n;
    local = next;
  }
  return days;
}

const DAY_MS = HOURS * HOUR_MS;
const dayOf = (localMs: number): number => Math.floor(localMs / DAY_MS);
const dateOf = (localMs: number): string => new Date(localMs).toISOString().slice(0, 10);

function dayOfIntervals(
  { imported, exported, peers, timeZone }: Omit<MeterWindow, 'meterId'>,
  span: { from: number; to: number; startMs: number; stepMs: number; date: string },
): MeterDay {
  const { from, to, startMs, stepMs } = span;
  const perHour = HOUR_MS / stepMs;
  const hours = new Float64Array(HOURS).fill(Number.NaN);
  const counts = new Uint16Array(HOURS);
  const seen = new Set<number>();
  const day = {
    sum: 0,
    present: 0,
    zeros: 0,
    maximum: -1 / 0,
    minimum: 1 / 0,
    step: 0,
    exported: 0,
    peers: 0,
    peersPresent: 0,
  };
  const runs = { value: Number.NaN, length: 0, repeat: 0, zero: 0 };
  let previous = Number.NaN;
  for (let n = from; n < to; n++) {
    const at = startMs + n * stepMs;
    const peer = peers?.[n] ?? null;
    if (peer !== null) {
      day.peers += peer * perHour;
      day.peersPresent++;
    }
    const energy = imported[n] ?? null;
    if (energy === null) {
      previous = Number.NaN;
      runs.length = 0;
      continue;
    }
    const value = energy * perHour;
    const hour = Math.floor(((((at + localOffsetMs(timeZone, at)) % DAY_MS) + DAY_MS) % DAY_MS) / HOUR_MS);
    hours[hour] = (counts[hour] === 0 ? 0 : (hours[hour] as number)) + value;
    counts[hour] = (counts[hour] as number) + 1;
    day.sum += value;
    day.present++;
    if (value === 0) day.zeros++;
    day.maximum = Math.max(day.maximum, value);
    day.minimum = Math.min(day.minimum, value);
    if (!Number.isNaN(previous)) day.step = Math.max(day.step, Math.abs(value - previous));
    day.exported += (exported?.[n] ?? 0) * perHour;
    runs.length = value === runs.value && !Number.isNaN(previous) ? runs.length + 1 : 1;
    runs.value = value;
    if (value === 0) runs.zero = Math.max(runs.zero, runs.length);
    else runs.repeat = Math.max(runs.repeat, runs.length);
    seen.add(value);
    previous = value;
  }
  for (let hour = 0; hour < HOURS; hour++) {
    if ((counts[hour] as number) > 0) hours[hour] = (hours[hour] as number) / (counts[hour] as number);
  }
  const { present } = day;
  const orNaN = (value: number, known = present): number => (known === 0 ? Number.NaN : value);
  return {
    start: startMs + from * stepMs,
    date: span.date,
    hours,
    mean: orNaN(day.sum / present),
    base: quantile(hours, BASE_SHARE),
    night: mean(hours.subarray(...NIGHT)),
    evening: mean(hours.subarray(...EVENING)),
    variation: variationOf(hours),
    maximum: orNaN(day.maximum),
    minimum: orNaN(day.minimum),
    largestStep: orNaN(day.step),
    longestRepeat: orNaN(runs.repeat / perHour),
    longestZeroRun: orNaN(runs.zero / perHour),
    zeroShare: orNaN(day.zeros / present),
    distinctShare: orNaN(seen.size / present),
    exported: orNaN(day.exported / present),
    peers: orNaN(day.peers / day.peersPresent, day.peersPresent),
    presentShare: present / (to - from),
  };
}

function variationOf(hours: Float64Array): number {
  const level = mean(hours);
  if (!(level > 0)) return Number.isNaN(level) ? Number.NaN : 0;
  return Math.sqrt(mean(hours.map((value) => (value - level) ** 2))) / level;
}
