import type { Period } from '../calendar/local-periods.ts';
import type { MeterEvent } from '../readings/meter-facts.ts';
import { type IntervalSeries, intervalMsOf, isMeasured } from './series.ts';

const POWER_EVENTS = new Set<string>(['LAST_GASP', 'POWER_FAILURE', 'POWER_RETURNED']);

/** Instants at which a meter told of its supply, in order, epoch ms. */
export const powerEvents = (events: readonly Pick<MeterEvent, 'event' | 'occurredAt'>[]): number[] =>
  events
    .filter(({ event }) => POWER_EVENTS.has(event))
    .map(({ occurredAt }) => occurredAt)
    .sort((a, b) => a - b);

/**
 * Outages that no measurement contradicts: energy measured in an interval wholly inside is right, and the outage in doubt, also
 * when the reading came long after the outage was judged.
 */
export function undisputed(outages: readonly Period[], series: IntervalSeries): Period[] {
  const intervalMs = intervalMsOf(series);
  return outages.filter(({ start, end }) => {
    const first = Math.max(0, Math.ceil((start - series.start) / intervalMs));
    const last = Math.min(series.quality.length, Math.floor((end - series.start) / intervalMs));
    for (let index = first; index < last; index++) {
      if (isMeasured(series, index) && (series.energyWh[index] as number) > 0) return false;
    }
    return true;
  });
}
