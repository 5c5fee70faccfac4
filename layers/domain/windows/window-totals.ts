import type { Period } from '../calendar/local-periods.ts';
import { MINUTE_MS, slotStart } from '../readings/calendar-day.ts';
import type { DaySummary } from './day-summary.ts';
import { expectedIntervals, type ServiceGroup } from './expected-intervals.ts';

const MINUTES_PER_HOUR = 60;

/** Readings together: what a rule of privacy is judged by. */
export interface Together {
  energyWh: number;
  /** Most meters that reported in one interval. */
  metersPresent: number;
  /** No single meter has more of it than this, Wh: exact in one interval and over whole UTC days, else an upper bound. */
  mostOfOneWh: number;
}

/** The readings of an entity in one period. Energies are whole Wh and add exactly; powers are means over an interval, W. */
export interface WindowTotals extends Period, Together {
  intervalsExpected: number;
  intervalsPresent: number;
  intervalsEstimated: number;
  /** Most meters that served in one interval of the period. */
  metersExpected: number;
  /** Mean, least and greatest reading of a single meter; null without one. */
  meanW: number | null;
  leastW: number | null;
  mostW: number | null;
  /** Greatest power of all its meters together over one interval; null without a reading. */
  peakW: number | null;
  /** What it was measured from. */
  peakOf: Together | null;
}

/**
 * Sums an entity's days into periods. A reading counts where its interval starts.
 * @param input `periods` in order and without holes, epoch ms; `summaries` of one channel in any order; intervals that have not
 * ended at `now` are not expected yet
 */
export function windowTotals(input: {
  periods: readonly Period[];
  summaries: readonly DaySummary[];
  groups: readonly ServiceGroup[];
  now: number;
}): WindowTotals[] {
  const expected = expectedIntervals(input);
  const totals = input.periods.map(({ start, end }, index): WindowTotals & { hours: number } => ({
    start,
    end,
    energyWh: 0,
    intervalsExpected: expected[index]?.intervals ?? 0,
    intervalsPresent: 0,
    intervalsEstimated: 0,
    metersExpected: expected[index]?.meters ?? 0,
    metersPresent: 0,
    mostOfOneWh: 0,
    meanW: null,
    leastW: null,
    mostW: null,
    peakW: null,
    peakOf: null,
    hours: 0,
  }));
  for (const ofOneLength of Map.groupBy(input.summaries, ({ intervalMinutes }) => intervalMinutes).values()) {
    const meters = new Map<number, number>();
    const ofOne = new Map<number, number>();
    for (const summary of ofOneLength) addDay(totals, summary, { meters, ofOne });
    for (const [index, present] of meters) (totals[index] as WindowTotals).metersPresent += present;
    // A meter has intervals of one length.
    for (const [index, energyWh] of ofOne) {
      const total = totals[index] as WindowTotals;
      total.mostOfOneWh = Math.max(total.mostOfOneWh, energyWh);
    }
  }
  addPeaks(totals, input.summaries);
  return totals.map(({ hours, ...total }) => ({ ...total, meanW: hours === 0 ? null : total.energyWh / hours }));
}

/** @param most by index of the period: meters that reported in one interval, and what a single one has at most, Wh */
function addDay(
  totals: (WindowTotals & { hours: number })[],
  summary: DaySummary,
  most: { meters: Map<number, number>; ofOne: Map<number, number> },
): void {
  const { day, intervalMinutes, present } = summary;
  const perHour = MINUTES_PER_HOUR / intervalMinutes;
  let at = periodAt(totals, slotStart(day, 0, intervalMinutes));
  const mostOfSlots = new Map<number, number>();
  for (let slot = 0; slot < present.length; slot++) {
    const readings = present[slot] as number;
    if (readings === 0) continue;
    const start = slotStart(day, slot, intervalMinutes);
    while (at < totals.length && (totals[at] as Period).end <= start) at++;
    const total = totals[at];
    if (!total) break;
    if (start < total.start) continue;
    total.energyWh += summary.sumWh[slot] as number;
    total.intervalsPresent += readings;
    total.intervalsEstimated += summary.estimated[slot] as number;
    total.hours += readings / perHour;
    const leastW = (summary.leastWh[slot] as number) * perHour;
    const mostW = (summary.mostWh[slot] as number) * perHour;
    if (total.leastW === null || leastW < total.leastW) total.leastW = leastW;
    if (total.mostW === null || mostW > total.mostW) total.mostW = mostW;
    if (readings > (most.meters.get(at) ?? 0)) most.meters.set(at, readings);
    mostOfSlots.set(at, (mostOfSlots.get(at) ?? 0) + (summary.mostWh[slot] as number));
  }
  for (const [index, energyWh] of mostOfSlots) {
    most.ofOne.set(index, (most.ofOne.get(index) ?? 0) + Math.min(energyWh, summary.mostDayWh));
  }
}

/**
 * Meters of several interval lengths together have their power over the longest of them: a shorter one would have to be
 * invented for the others.
 */
function addPeaks(totals: WindowTotals[], summaries: readonly DaySummary[]): void {
  const longest = summaries.reduce((minutes, { intervalMinutes }) => Math.max(minutes, intervalMinutes), 0);
  const lengthMs = longest * MINUTE_MS;
  const bySpan = new Map<number, Together>();
  for (const ofOneLength of Map.groupBy(summaries, ({ intervalMinutes }) => intervalMinutes).values()) {
    for (const [span, part] of spansOf(ofOneLength, lengthMs)) {
      const sum = bySpan.get(span);
      if (!sum) bySpan.set(span, part);
      else {
        sum.energyWh += part.energyWh;
        sum.metersPresent += part.metersPresent;
        sum.mostOfOneWh = Math.max(sum.mostOfOneWh, part.mostOfOneWh);
      }
    }
  }
  for (const [span, sum] of bySpan) {
    const start = span * lengthMs;
    const total = totals[periodAt(totals, start)];
    if (!total || start < total.start) continue;
    const powerW = (sum.energyWh * MINUTES_PER_HOUR) / longest;
    if (total.peakW === null || powerW > total.peakW) [total.peakW, total.peakOf] = [powerW, sum];
  }
}

/** Readings of meters of one interval length, summed by spans that are multiples of it. */
function spansOf(summaries: readonly DaySummary[], lengthMs: number): Map<number, Together> {
  const bySpan = new Map<number, Together>();
  for (const { day, intervalMinutes, present, sumWh, mostWh } of summaries) {
    for (let slot = 0; slot < present.length; slot++) {
      const meters = present[slot] as number;
      if (meters === 0) continue;
      const span = Math.floor(slotStart(day, slot, intervalMinutes) / lengthMs);
      const sum = bySpan.get(span) ?? { energyWh: 0, metersPresent: 0, mostOfOneWh: 0 };
      bySpan.set(span, sum);
      sum.energyWh += sumWh[slot] as number;
      sum.metersPresent = Math.max(sum.metersPresent, meters);
      sum.mostOfOneWh += mostWh[slot] as number;
    }
  }
  return bySpan;
}

/** Index of the first period that ends after an instant. */
function periodAt(periods: readonly Period[], timeMs: number): number {
  let low = 0;
  let high = periods.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((periods[middle] as Period).end <= timeMs) low = middle + 1;
    else high = middle;
  }
  return low;
}
