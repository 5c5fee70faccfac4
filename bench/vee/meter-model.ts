import type { Period } from '../../layers/domain/calendar/local-periods.ts';
import type { RegisterReading } from '../../layers/domain/registers/register-energy.ts';
import { type IntervalSeries, startAt } from '../../layers/domain/vee/series.ts';

const HALF_HOUR_MS = 1_800_000;

/** What the real data do not hold and the rules need. All [proposed], as usual in the field. */
export const MODEL = {
  /** Service fuse of 100 A at 230 V. */
  ratingKva: 23,
  registerDigits: 5,
  registerResolutionWh: 10,
  /** Reactive energy of a household at a power factor of 0.95. */
  reactiveShare: 0.33,
  /** A message takes so long at least, and as much again on average. */
  latencySeconds: { least: 5, most: 60, mean: 30 },
  /** Days whose readings come in one batch after the next midnight. */
  lateDays: 0.02,
} as const;

/** A household's meter: its real intervals, and registers, reactive energy and receipts made up around them. */
export interface ModelMeter {
  meterId: string;
  series: IntervalSeries;
  reactive: IntervalSeries;
  reads: RegisterReading[];
  /** When the meter is in service, epoch ms. */
  services: Period[];
}

export function modelMeter(
  meterId: string,
  series: IntervalSeries,
  midnights: number[],
  random: () => number,
): ModelMeter {
  return {
    meterId,
    series: { ...copyOf(series), recordedAt: receipts(series, random) },
    reactive: reactiveOf(series, random),
    reads: dailyReads(series, midnights, random),
    services: [{ start: series.start, end: Number.POSITIVE_INFINITY }],
  };
}

export const copyOf = (series: IntervalSeries): IntervalSeries => ({
  ...series,
  energyWh: series.energyWh.slice(),
  quality: series.quality.slice(),
  conflict: series.conflict.slice(),
  recordedAt: series.recordedAt.slice(),
});

function receipts(series: IntervalSeries, random: () => number): Float64Array {
  const { least, most, mean } = MODEL.latencySeconds;
  const base = least + (most - least) * random();
  const recordedAt = new Float64Array(series.quality.length).fill(Number.NaN);
  let batchAt: number | undefined;
  for (let index = 0; index < recordedAt.length; index++) {
    const end = startAt(series, index + 1);
    if (index % 48 === 0) batchAt = random() < MODEL.lateDays ? end + 86_400_000 * (1 + random()) : undefined;
    if (series.quality[index] === 0) continue;
    recordedAt[index] = batchAt ?? end + (base - Math.log(1 - random()) * mean) * 1000;
  }
  return recordedAt;
}

function reactiveOf(series: IntervalSeries, random: () => number): IntervalSeries {
  const reactive = copyOf(series);
  for (let index = 0; index < reactive.quality.length; index++) {
    const active = series.energyWh[index] as number;
    reactive.energyWh[index] = Math.round(active * MODEL.reactiveShare * (0.5 + random()));
  }
  return reactive;
}

/** Reads at every local midnight, as a display shows them: cut to its step, beginning again at its last digit. */
function dailyReads(series: IntervalSeries, midnights: readonly number[], random: () => number): RegisterReading[] {
  const around = 10 ** MODEL.registerDigits * 1000;
  let cumulative = Math.floor(random() * around);
  const reads: RegisterReading[] = [];
  let index = 0;
  for (const readAt of midnights) {
    const end = (readAt - series.start) / HALF_HOUR_MS;
    for (; index < Math.min(end, series.quality.length); index++) cumulative += series.energyWh[index] || 0;
    const shownWh = Math.floor((cumulative % around) / MODEL.registerResolutionWh) * MODEL.registerResolutionWh;
    reads.push({ readAt, shownWh, revision: 0 });
  }
  return reads;
}
