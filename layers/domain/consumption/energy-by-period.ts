import { QUALITIES } from '../../contracts/messages/channels.ts';
import type { Period } from '../calendar/local-periods.ts';
import { slotStart } from '../readings/calendar-day.ts';
import type { MeterDay } from '../readings/reading-store.ts';

/** When a meter served, and how long its intervals are. A meter that moved has one for each place. */
export interface Service {
  meterNo: number;
  /** Epoch ms, inclusive. */
  from: number;
  /** Epoch ms, exclusive; null: still. */
  to: number | null;
  intervalMinutes: number;
}

/** What happened in one period; energies add exactly because they are whole Wh. */
export interface PeriodEnergy extends Period {
  energyWh: number;
  intervalsExpected: number;
  intervalsPresent: number;
  intervalsEstimated: number;
  /** Meters with at least one reading. */
  metersPresent: number;
  /** Meters with at least one expected interval. */
  metersExpected: number;
}

const startsIn = (from: number, to: number, lengthMs: number): number =>
  Math.max(0, Math.ceil(to / lengthMs) - Math.ceil(from / lengthMs));

/**
 * Energy of a set of meters per period. A reading counts where its interval starts, and only while its meter serves here.
 * @param input `periods` in order and without holes; `days` in any order; intervals that have not ended at `now` (epoch ms)
 * are not expected yet
 */
export function energyByPeriod(input: {
  periods: readonly Period[];
  services: readonly Service[];
  days: readonly MeterDay[];
  now: number;
}): PeriodEnergy[] {
  const totals = input.periods.map(({ start, end }) => ({
    start,
    end,
    energyWh: 0,
    intervalsExpected: 0,
    intervalsPresent: 0,
    intervalsEstimated: 0,
    metersPresent: 0,
    metersExpected: 0,
  }));
  const servicesOf = Map.groupBy(input.services, ({ meterNo }) => meterNo);
  for (const services of servicesOf.values()) addExpected(totals, services, input.now);
  const daysOf = Map.groupBy(input.days, ({ meterNo }) => meterNo);
  for (const [meterNo, days] of daysOf) addPresent(totals, servicesOf.get(meterNo) ?? [], days);
  return totals;
}

function addExpected(totals: PeriodEnergy[], services: readonly Service[], now: number): void {
  for (const total of totals) {
    let expected = 0;
    for (const { from, to, intervalMinutes } of services) {
      const lengthMs = intervalMinutes * 60_000;
      const until = Math.min(total.end, to ?? Number.POSITIVE_INFINITY, now - lengthMs + 1);
      expected += startsIn(Math.max(total.start, from), until, lengthMs);
    }
    total.intervalsExpected += expected;
    if (expected > 0) total.metersExpected += 1;
  }
}

function addPresent(totals: PeriodEnergy[], services: readonly Service[], days: readonly MeterDay[]): void {
  const seen = new Set<number>();
  for (const { day, block } of days) {
    let at = periodAt(totals, slotStart(day, 0, block.intervalMinutes));
    for (let slot = 0; slot < block.quality.length; slot += 1) {
      const quality = block.quality[slot] as number;
      if (quality === 0) continue;
      const start = slotStart(day, slot, block.intervalMinutes);
      while (at < totals.length && (totals[at] as PeriodEnergy).end <= start) at += 1;
      const total = totals[at];
      if (!total) break;
      if (start < total.start || !serves(services, start)) continue;
      total.energyWh += block.energyWh[slot] as number;
      total.intervalsPresent += 1;
      if (quality === QUALITIES.estimated) total.intervalsEstimated += 1;
      if (!seen.has(at)) total.metersPresent += 1;
      seen.add(at);
    }
  }
}

const serves = (services: readonly Service[], timeMs: number): boolean =>
  services.some(({ from, to }) => from <= timeMs && (to === null || timeMs < to));

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
