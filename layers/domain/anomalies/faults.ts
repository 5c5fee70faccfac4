import type { FaultClass } from '../../contracts/models/anomaly.ts';
import type { RandomSource } from './random-source.ts';

/** Energy per interval of one meter, counted in whole units (Wh); NaN where nothing was measured. */
export interface MeterSeries {
  imported: Float64Array;
  exported: Float64Array;
  intervalsPerDay: number;
}

/** Days [from, to) on which a meter is at fault, counted from the beginning of its series. */
export interface FaultSpan {
  from: number;
  to: number;
}

/** How long faults last before someone notices, days: shortest and longest. */
const LASTS_DAYS: Record<FaultClass, readonly [number, number]> = {
  theft: [14, 28],
  bypass: [7, 28],
  stuck: [1, 14],
  reversed: [7, 28],
  spike: [1, 1],
  drift: [28, 28],
};

/** A span of a fault's usual length that begins between two days and ends by the last one. */
export function faultSpan(
  fault: FaultClass,
  range: { earliest: number; end: number },
  random: RandomSource,
): FaultSpan {
  const [shortest, longest] = LASTS_DAYS[fault];
  const days = shortest + random.below(longest - shortest + 1);
  const latest = Math.max(range.earliest, range.end - days);
  const from = range.earliest + random.below(latest - range.earliest + 1);
  return { from, to: Math.min(range.end, from + days) };
}

/**
 * A copy of a series with a fault in a span of days: what the meter would have sent. The kinds of theft are those of Jokar, Arianpoo & Leung
 * (2016, IEEE Trans. Smart Grid 7(1)): a constant share, a share that changes from interval to interval, hours left out.
 */
export function withFault(series: MeterSeries, fault: FaultClass, span: FaultSpan, random: RandomSource): MeterSeries {
  const copy = { ...series, imported: series.imported.slice(), exported: series.exported.slice() };
  const from = span.from * series.intervalsPerDay;
  const to = Math.min(span.to * series.intervalsPerDay, series.imported.length);
  INJECTIONS[fault](copy, from, to, random);
  // Meters count whole units: a fraction would give the fault away.
  for (let n = from; n < to; n++) {
    copy.imported[n] = Math.round(copy.imported[n] as number);
    copy.exported[n] = Math.round(copy.exported[n] as number);
  }
  return copy;
}

type Injection = (series: MeterSeries, from: number, to: number, random: RandomSource) => void;

const between = (random: RandomSource, low: number, high: number): number => low + random.next() * (high - low);

const INJECTIONS: Record<FaultClass, Injection> = {
  theft({ imported, intervalsPerDay }, from, to, random) {
    const kind = random.below(3);
    const share = between(random, 0.2, 0.7);
    const firstHour = random.below(24);
    const hours = 6 + random.below(10);
    for (let n = from; n < to; n++) {
      const hour = Math.floor(((n % intervalsPerDay) * 24) / intervalsPerDay);
      const within = (hour - firstHour + 24) % 24 < hours;
      const kept = kind === 0 ? share : kind === 1 ? between(random, 0.1, 2 * share - 0.1) : within ? share / 2 : 1;
      imported[n] = (imported[n] as number) * kept;
    }
  },
  bypass({ imported }, from, to, random) {
    const kept = between(random, 0, 0.1);
    for (let n = from; n < to; n++) imported[n] = (imported[n] as number) * kept;
  },
  stuck({ imported }, from, to, random) {
    let held = Number.NaN;
    for (let n = from + random.below(24); n < to; n++) {
      if (Number.isNaN(held)) held = imported[n] as number;
      else if (!Number.isNaN(imported[n] as number)) imported[n] = held;
    }
  },
  /** One current transformer of one, two or three counts backwards: net = own share of the load × (1 − 2 × share of the turned one). */
  reversed({ imported, exported }, from, to, random) {
    const phases = 1 + random.below(3);
    for (let n = from; n < to; n++) {
      const turned = phases === 1 ? 1 : between(random, 0.7, 1.3) / phases;
      const net = (imported[n] as number) * (1 - 2 * turned);
      imported[n] = Math.max(0, net);
      exported[n] = (exported[n] as number) + Math.max(0, -net);
    }
  },
  spike({ imported }, from, to, random) {
    const present: number[] = [];
    for (let n = from; n < to; n++) if (!Number.isNaN(imported[n] as number)) present.push(n);
    if (present.length === 0) return;
    const usualPeak = Math.max(
      ...imported
        .filter((value) => !Number.isNaN(value))
        .sort()
        .slice(-20, -10),
      0,
    );
    const spikes = 1 + random.below(3);
    for (let n = 0; n < spikes; n++) {
      const at = present[random.below(present.length)] as number;
      imported[at] = (imported[at] as number) + (usualPeak + 1) * between(random, 0.8, 6);
    }
  },
  drift({ imported }, from, to, random) {
    const atEnd = between(random, 0.25, 0.6) * (random.below(2) === 0 ? 1 : -1);
    for (let n = from; n < to; n++)
      imported[n] = (imported[n] as number) * (1 + (atEnd * (n - from + 1)) / (to - from));
  },
};
