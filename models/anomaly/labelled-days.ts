import { FAULT_LABELS, type FaultLabel, type MeterWindow } from '../../layers/contracts/models/anomaly.ts';
import { type FaultSpan, faultSpan, type MeterSeries, withFault } from '../../layers/domain/anomalies/faults.ts';
import { meterDays } from '../../layers/domain/anomalies/meter-days.ts';
import { randomSource, seedOf } from '../../layers/domain/anomalies/random-source.ts';
import { type DayEvidence, dayEvidence } from './day-evidence.ts';
import type { Feedback, MeterHistory } from './training-channel.ts';

/** Days of a segment: a history, then days that are judged. */
const SEGMENT_DAYS = 84;
export const HISTORY_DAYS = 42;
/** Days before a fault whose evidence goes with it: what a score that looks back sees. */
const LEAD_DAYS = 6;
/** Less of a segment's readings present: no sample. */
const MIN_PRESENT = 0.8;
/** What a person saw counts as so many injected faults. */
const FEEDBACK_WEIGHT = 10;
/** One segment in so many goes without its peers: the model has to do without them too. */
const WITHOUT_PEERS = 3;
const MINUTES_PER_DAY = 1440;
const MINUTE_MS = 60_000;

/** Consecutive days of a meter with what is true of each. */
export interface Segment {
  meterId: string;
  /** The fault of the segment; normal in a clean one. */
  fault: FaultLabel;
  /** Of each of its days in training. */
  weight: number;
  days: (DayEvidence & { label: FaultLabel; present: boolean })[];
}

/**
 * Segments of real meters, once clean and once with each fault injected. The same histories, time zone and seed give the same segments.
 * @param of.strideDays from the beginning of a meter's segment to that of its next.
 */
export function* injectedSegments(of: {
  histories: readonly MeterHistory[];
  timeZone: string;
  seed: number;
  strideDays: number;
}): Generator<Segment> {
  const { histories, timeZone, seed, strideDays } = of;
  const peers = peerMeans(histories);
  for (const [m, history] of histories.entries()) {
    const perDay = MINUTES_PER_DAY / history.intervalMinutes;
    const length = SEGMENT_DAYS * perDay;
    for (let from = 0; from + length <= history.imported.length; from += strideDays * perDay) {
      const imported = history.imported.subarray(from, from + length);
      if (imported.filter((value) => !Number.isNaN(value)).length < MIN_PRESENT * length) continue;
      const clean: MeterSeries = {
        imported,
        exported: history.exported.subarray(from, from + length),
        intervalsPerDay: perDay,
      };
      for (const [kind, fault] of FAULT_LABELS.entries()) {
        const random = randomSource(seedOf(seed, m, from, kind));
        const span =
          fault === 'normal' ? undefined : faultSpan(fault, { earliest: HISTORY_DAYS, end: SEGMENT_DAYS }, random);
        const series = fault === 'normal' || span === undefined ? clean : withFault(clean, fault, span, random);
        const known = random.below(WITHOUT_PEERS) === 0 ? undefined : peers(history, from, length);
        yield segmentOf({ history, from, series, fault, span, timeZone, peers: known });
      }
    }
  }
}

function segmentOf(of: {
  history: MeterHistory;
  from: number;
  series: MeterSeries;
  fault: FaultLabel;
  span: FaultSpan | undefined;
  timeZone: string;
  peers: (number | null)[] | undefined;
}): Segment {
  const { history, from, series, fault, span, timeZone, peers } = of;
  const window = windowOf({ history, from, series, timeZone, peers });
  const days = meterDays(window);
  const first = span === undefined ? HISTORY_DAYS : Math.max(HISTORY_DAYS, span.from - LEAD_DAYS);
  const evidence = dayEvidence(window, days, { from: first, to: span?.to ?? SEGMENT_DAYS });
  return {
    meterId: history.meterId,
    fault,
    weight: 1,
    days: evidence.map((one, n) => ({
      ...one,
      label: span !== undefined && first + n < span.from ? 'normal' : fault,
      present: (days[first + n]?.presentShare ?? 0) > 0.25,
    })),
  };
}

/** The days that people have labelled, each span a segment. Spans of meters that the channel lacks are left out. */
export function* feedbackSegments(of: {
  histories: readonly MeterHistory[];
  feedback: readonly Feedback[];
  timeZone: string;
}): Generator<Segment> {
  const { histories, feedback, timeZone } = of;
  const peers = peerMeans(histories);
  for (const { meterId, fromMs, toMs, label } of feedback) {
    const history = histories.find((one) => one.meterId === meterId);
    if (history === undefined) continue;
    const stepMs = history.intervalMinutes * MINUTE_MS;
    const perDay = MINUTES_PER_DAY / history.intervalMinutes;
    const end = Math.min(history.imported.length, Math.ceil((toMs - history.startMs) / stepMs));
    const from = Math.max(0, Math.floor((fromMs - history.startMs) / stepMs) - (HISTORY_DAYS + LEAD_DAYS) * perDay);
    if (end <= from) continue;
    const series = {
      imported: history.imported.subarray(from, end),
      exported: history.exported.subarray(from, end),
      intervalsPerDay: perDay,
    };
    const window = windowOf({ history, from, series, timeZone, peers: peers(history, from, end - from) });
    const days = meterDays(window);
    const first = days.findIndex(
      (day, n) => (days[n + 1]?.start ?? Number.POSITIVE_INFINITY) > fromMs && day.presentShare > 0,
    );
    if (first < 0) continue;
    yield {
      meterId,
      fault: label,
      weight: FEEDBACK_WEIGHT,
      days: dayEvidence(window, days, { from: first, to: days.length }).map((one, n) => ({
        ...one,
        label,
        present: (days[first + n]?.presentShare ?? 0) > 0.25,
      })),
    };
  }
}

function windowOf(of: {
  history: MeterHistory;
  from: number;
  series: MeterSeries;
  timeZone: string;
  peers: (number | null)[] | undefined;
}): Omit<MeterWindow, 'meterId'> {
  const { history, from, series, timeZone, peers } = of;
  return {
    timeZone,
    start: new Date(history.startMs + from * history.intervalMinutes * MINUTE_MS).toISOString(),
    intervalMinutes: history.intervalMinutes,
    imported: Array.from(series.imported, orNull),
    exported: Array.from(series.exported),
    ...(peers && { peers }),
  };
}

const orNull = (value: number): number | null => (Number.isNaN(value) ? null : value);

/** Mean of the other meters with the same interval, aligned by time; undefined for a meter that has none. */
function peerMeans(
  histories: readonly MeterHistory[],
): (history: MeterHistory, from: number, length: number) => (number | null)[] | undefined {
  const sums = new Map<number, Map<number, { sum: number; count: number }>>();
  for (const { intervalMinutes, startMs, imported } of histories) {
    const sum = sums.get(intervalMinutes) ?? new Map<number, { sum: number; count: number }>();
    sums.set(intervalMinutes, sum);
    for (let n = 0; n < imported.length; n++) {
      const value = imported[n] as number;
      if (Number.isNaN(value)) continue;
      const at = startMs + n * intervalMinutes * MINUTE_MS;
      const total = sum.get(at);
      if (total === undefined) sum.set(at, { sum: value, count: 1 });
      else {
        total.sum += value;
        total.count++;
      }
    }
  }
  return (history, from, length) => {
    const sum = sums.get(history.intervalMinutes);
    if (sum === undefined || histories.length < 2) return undefined;
    return Array.from({ length }, (_, k) => {
      const n = from + k;
      const total = sum.get(history.startMs + n * history.intervalMinutes * MINUTE_MS);
      const own = history.imported[n] as number;
      if (total === undefined) return null;
      if (Number.isNaN(own)) return total.sum / total.count;
      return total.count > 1 ? (total.sum - own) / (total.count - 1) : null;
    });
  };
}
