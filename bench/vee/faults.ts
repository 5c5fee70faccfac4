import type { VeeRuleName } from '../../layers/contracts/vee/rules.ts';
import { winnerAsOf } from '../../layers/domain/readings/versions.ts';
import { type IntervalSeries, isMeasured, startAt } from '../../layers/domain/vee/series.ts';
import { MODEL, type ModelMeter } from './meter-model.ts';

/** Where a fault lies. */
export interface Fault {
  from: number;
  to: number;
}

/** Puts one fault of a rule into a meter, on the whole day that begins at `first`; undefined: this day cannot show it. */
export type Injection = (meter: ModelMeter, first: number, random: () => number) => Fault | undefined;

const DAY = 48;
const between = (random: () => number, least: number, most: number): number => least + (most - least) * random();
const fault = (series: IntervalSeries, first: number, end: number): Fault => ({
  from: startAt(series, first),
  to: startAt(series, end),
});

/** Faults of whole days of intervals: each entry becomes something else. */
function replaced(
  meter: ModelMeter,
  span: { first: number; end: number },
  by: (energyWh: number, index: number) => number,
): Fault {
  const { series } = meter;
  for (let index = span.first; index < span.end; index++) {
    if (series.quality[index] !== 0) series.energyWh[index] = Math.round(by(series.energyWh[index] as number, index));
  }
  return fault(series, span.first, span.end);
}

const peakBefore = ({ series }: ModelMeter, first: number): number => {
  let peak = 0;
  for (let index = Math.max(0, first - 28 * DAY); index < first + DAY; index++) {
    if (isMeasured(series, index)) peak = Math.max(peak, series.energyWh[index] as number);
  }
  return peak;
};

const one = (first: number, random: () => number): number => first + Math.floor(random() * DAY);

const shiftRegister = (meter: ModelMeter, readAt: number, byWh: (shownWh: number) => number): void => {
  const around = 10 ** MODEL.registerDigits * 1000;
  for (const read of meter.reads) {
    if (read.readAt >= readAt) read.shownWh = (((read.shownWh + byWh(read.shownWh)) % around) + around) % around;
  }
};

/** How each rule's fault comes about. What a message shows by itself is put into messages, in `stream-faults.ts`. */
export const INJECTIONS: Partial<Record<VeeRuleName, Injection>> = {
  // Half an hour to a day of communication failure.
  MISSING_INTERVAL: (meter, first, random) => {
    const at = one(first, random);
    const end = Math.min(first + DAY, at + 1 + Math.floor(random() * DAY));
    meter.series.quality.fill(0, at, end);
    meter.series.energyWh.fill(Number.NaN, at, end);
    return fault(meter.series, at, end);
  },
  // Two head-ends tell two values of one interval.
  DUPLICATE: ({ series }, first, random) => {
    const index = one(first, random);
    const version = { meterNo: 1, channel: 1, intervalMinutes: 30, day: 0, slot: 0, revision: 0, quality: 2 };
    const values = [
      series.energyWh[index] as number,
      (series.energyWh[index] as number) + 1 + Math.floor(random() * 50),
    ];
    const winner = winnerAsOf(values.map((energyWh, n) => ({ ...version, energyWh, recordedAt: n })));
    series.energyWh[index] = winner?.version.energyWh ?? Number.NaN;
    series.conflict[index] = winner?.conflict ? 1 : 0;
    return fault(series, index, index + 1);
  },
  // A contact that opens: zeros for one to three days.
  ZERO_USAGE: (meter, first, random) =>
    replaced(meter, { first, end: first + Math.floor(between(random, DAY, 3 * DAY)) }, () => 0),
  // A flipped bit, or energy of lost intervals added to one: two to eight times the peak of four weeks.
  SPIKE: (meter, first, random) => {
    const at = one(first, random);
    const peak = peakBefore(meter, first);
    return replaced(meter, { first: at, end: at + 1 }, () => peak * between(random, 2, 8));
  },
  // Lost pulses: 70 to 95 % of the energy arrives as intervals, the register has all.
  SUM_CHECK: (meter, first, random) => {
    const share = between(random, 0.7, 0.95);
    return replaced(meter, { first, end: first + DAY }, (energyWh) => energyWh * share);
  },
  // Half of them: a transformer ratio applied again (10 to 40). Half: not applied, or an open phase (1 to 5 %).
  HIGH_LOW: (meter, first, random) => {
    const factor = random() < 0.5 ? between(random, 10, 40) : between(random, 0.01, 0.05);
    return replaced(meter, { first, end: first + DAY }, (energyWh) => energyWh * factor);
  },
  // Swapped connections: one and a half to four times as much reactive as active energy.
  KVARH: ({ series, reactive }, first, random) => {
    const factor = between(random, 1.5, 4);
    for (let index = first; index < first + DAY; index++) {
      reactive.energyWh[index] = Math.round((series.energyWh[index] as number) * factor);
    }
    return fault(series, first, first + DAY);
  },
  // Beyond what the fuse lets through: one and a half to ten times the rating.
  CAPACITY: (meter, first, random) => {
    const at = one(first, random);
    return replaced(meter, { first: at, end: at + 1 }, () => MODEL.ratingKva * 500 * between(random, 1.5, 10));
  },
  // A stuck value for one to three days.
  FLATLINE: ({ series, ...meter }, first, random) => {
    const stuck = Math.max(1, series.energyWh[first] as number);
    return replaced(
      { series, ...meter },
      { first, end: first + Math.floor(between(random, DAY, 3 * DAY)) },
      () => stuck,
    );
  },
  // A clock 5 to 30 minutes ahead or behind, for two to five days.
  TIME_DRIFT: ({ series }, first, random) => {
    const seconds = between(random, 300, 1800) * (random() < 0.5 ? 1 : -1);
    const end = first + DAY * (2 + Math.floor(random() * 4));
    for (let index = first; index < end; index++) {
      series.recordedAt[index] = (series.recordedAt[index] as number) - seconds * 1000;
    }
    return fault(series, first, end);
  },
  // A register restored from an older copy: 10 to 5,000 kWh less.
  REGISTER_ROLLBACK: (meter, first, random) => {
    const readAt = startAt(meter.series, first + DAY);
    const backWh = Math.round(between(random, 10, 5000)) * 1000;
    if (!meter.reads.some((read) => read.readAt === readAt && read.shownWh > backWh)) return undefined;
    shiftRegister(meter, readAt, () => -backWh);
    return fault(meter.series, first, first + DAY);
  },
  // Usage goes on for three days after the service was ended.
  INACTIVE_METER: ({ series, services }, first) => {
    const found = fault(series, first, first + 3 * DAY);
    const last = services.pop();
    services.push({ start: last?.start ?? 0, end: found.from }, { start: found.to, end: Number.POSITIVE_INFINITY });
    return found;
  },
  // Eight to twelve days of silence.
  PROLONGED_ESTIMATION: ({ series }, first, random) => {
    const end = first + DAY * (8 + Math.floor(random() * 5));
    series.quality.fill(0, first, end);
    series.energyWh.fill(Number.NaN, first, end);
    return fault(series, first, end);
  },
};

/** What is no fault and must not look like one: a meter exchange at an hour of the day, told by its two reads. */
export function exchangeMeter(meter: ModelMeter, first: number, random: () => number): void {
  const { series, reads } = meter;
  const at = one(first, random);
  const readAt = startAt(series, at);
  const before = reads.findLast((read) => read.readAt <= readAt);
  if (!before) return;
  let finalWh = before.shownWh;
  for (let index = (before.readAt - series.start) / 1_800_000; index < at; index++) {
    finalWh += series.energyWh[index] || 0;
  }
  const step = MODEL.registerResolutionWh;
  finalWh = Math.floor(finalWh / step) * step;
  const initialWh = Math.floor(random() * 1_000_000) * step;
  shiftRegister(meter, readAt + 1, () => initialWh - finalWh);
  reads.splice(
    reads.findLastIndex((read) => read.readAt <= readAt) + 1,
    0,
    { readAt, shownWh: finalWh, revision: 0, exchange: 'final', serial: 'old' },
    { readAt, shownWh: initialWh, revision: 0, exchange: 'initial', serial: 'new' },
  );
}
