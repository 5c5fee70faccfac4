import type { BoundaryReads } from '../registers/boundary-reads.ts';
import type { SettledDay, SettledInterval } from './settled-day.ts';

/** What a bill is computed from: one channel of a usage point over a time. Energies are whole Wh. */
export interface Determinants {
  energyWh: number;
  /** By time-of-use period. */
  energyByPeriodWh: Record<string, number>;
  /** Highest mean power of an interval, W, and when it began; null: there is no interval. */
  peakW: number | null;
  peakAt: number | null;
  intervalsExpected: number;
  intervalsEstimated: number;
  /** Without a value. */
  intervalsOpen: number;
  billable: boolean;
  /** Of the registers of its meters, in order of service; absent in what was settled before they were kept. */
  boundaryReads?: BoundaryReads[];
}

/**
 * Determinants of one usage point's channel from its settled days. Where a meter is exchanged within an interval both meters
 * measured a part of it: they add up, and the interval counts once.
 */
export function determinantsOf(days: readonly SettledDay[], periodOf: (timeMs: number) => string): Determinants {
  const sum: Determinants = {
    energyWh: 0,
    energyByPeriodWh: {},
    peakW: null,
    peakAt: null,
    intervalsExpected: 0,
    intervalsEstimated: 0,
    intervalsOpen: 0,
    billable: days.length > 0 && days.every(({ billable }) => billable),
  };
  for (const { start, parts, minutes } of intervalsOf(days)) {
    sum.intervalsExpected += 1;
    if (parts.some(({ method }) => method !== null)) sum.intervalsEstimated += 1;
    if (parts.some(({ energyWh }) => energyWh === null)) {
      sum.intervalsOpen += 1;
      continue;
    }
    const energyWh = parts.reduce((total, part) => total + (part.energyWh as number), 0);
    const period = periodOf(start);
    sum.energyWh += energyWh;
    sum.energyByPeriodWh[period] = (sum.energyByPeriodWh[period] ?? 0) + energyWh;
    const powerW = (energyWh * 60) / minutes;
    if (sum.peakW === null || powerW > sum.peakW) [sum.peakW, sum.peakAt] = [powerW, start];
  }
  return { ...sum, energyByPeriodWh: sortedByName(sum.energyByPeriodWh) };
}

function intervalsOf(days: readonly SettledDay[]): { start: number; parts: SettledInterval[]; minutes: number }[] {
  const byStart = new Map<number, { start: number; parts: SettledInterval[]; minutes: number }>();
  for (const { intervals, intervalMinutes } of days) {
    for (const interval of intervals) {
      const entry = byStart.get(interval.start);
      if (entry) entry.parts.push(interval);
      else byStart.set(interval.start, { start: interval.start, parts: [interval], minutes: intervalMinutes });
    }
  }
  return [...byStart.values()].sort((a, b) => a.start - b.start);
}

const sortedByName = (energies: Record<string, number>): Record<string, number> =>
  Object.fromEntries(Object.entries(energies).sort(([a], [b]) => (a < b ? -1 : 1)));

/** Determinants of consecutive days as one: energies and counts add, the highest peak stands, the first of equal ones. */
export function together(days: readonly Determinants[]): Determinants {
  const byPeriod: Record<string, number> = {};
  for (const { energyByPeriodWh } of days) {
    for (const [period, energyWh] of Object.entries(energyByPeriodWh)) {
      byPeriod[period] = (byPeriod[period] ?? 0) + energyWh;
    }
  }
  const peak = days.reduce<Determinants | undefined>(
    (highest, day) => ((day.peakW ?? -1) > (highest?.peakW ?? -1) ? day : highest),
    undefined,
  );
  const total = (of: (day: Determinants) => number) => days.reduce((sum, day) => sum + of(day), 0);
  return {
    energyWh: total(({ energyWh }) => energyWh),
    energyByPeriodWh: sortedByName(byPeriod),
    peakW: peak?.peakW ?? null,
    peakAt: peak?.peakAt ?? null,
    intervalsExpected: total(({ intervalsExpected }) => intervalsExpected),
    intervalsEstimated: total(({ intervalsEstimated }) => intervalsEstimated),
    intervalsOpen: total(({ intervalsOpen }) => intervalsOpen),
    billable: days.length > 0 && days.every(({ billable }) => billable),
    boundaryReads: boundariesOf(days.flatMap(({ boundaryReads = [] }) => boundaryReads)),
  };
}

/** Of each meter the opening of its first day and the closing of its last. */
function boundariesOf(daily: readonly BoundaryReads[]): BoundaryReads[] {
  return [...Map.groupBy(daily, ({ meterNo }) => meterNo)].map(([meterNo, own]) => ({
    meterNo,
    opening: own[0]?.opening ?? null,
    closing: own.at(-1)?.closing ?? null,
  }));
}

/** What has to be billed on top of what was: signed, by period; undefined: nothing differs. */
export function adjustment(
  billed: Pick<Determinants, 'energyByPeriodWh'> | undefined,
  now: Pick<Determinants, 'energyByPeriodWh'>,
): Record<string, number> | undefined {
  const periods = new Set([...Object.keys(billed?.energyByPeriodWh ?? {}), ...Object.keys(now.energyByPeriodWh)]);
  const differences = [...periods].flatMap((period): [string, number][] => {
    const differenceWh = (now.energyByPeriodWh[period] ?? 0) - (billed?.energyByPeriodWh[period] ?? 0);
    return differenceWh === 0 ? [] : [[period, differenceWh]];
  });
  return differences.length === 0 ? undefined : sortedByName(Object.fromEntries(differences));
}
