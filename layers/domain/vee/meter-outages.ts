import type { Period } from '../calendar/local-periods.ts';
import type { MeterEvent } from '../readings/meter-facts.ts';

const FAILURES = new Set<string>(['LAST_GASP', 'POWER_FAILURE']);
const POWER_EVENTS = new Set<string>([...FAILURES, 'POWER_RETURNED']);

/** Instants at which a meter told of its supply, in order, epoch ms. */
export const powerEvents = (events: readonly Pick<MeterEvent, 'event' | 'occurredAt'>[]): number[] =>
  events
    .filter(({ event }) => POWER_EVENTS.has(event))
    .map(({ occurredAt }) => occurredAt)
    .sort((a, b) => a - b);

/**
 * Outages that the meter itself told both ends of: from the first sign of failure to the next return. A failure without a
 * return is a suspicion, and confirms nothing.
 * @param events of one meter, in any order and repetition
 */
export function meterOutages(events: readonly Pick<MeterEvent, 'event' | 'occurredAt'>[]): Period[] {
  const outages: Period[] = [];
  let failedAt: number | undefined;
  // Of one instant the return counts first: it ends what was before, the failure begins what comes.
  const inOrder = events.toSorted(
    (a, b) => a.occurredAt - b.occurredAt || Number(FAILURES.has(a.event)) - Number(FAILURES.has(b.event)),
  );
  for (const { event, occurredAt } of inOrder) {
    if (FAILURES.has(event)) failedAt ??= occurredAt;
    else if (event === 'POWER_RETURNED' && failedAt !== undefined) {
      if (occurredAt > failedAt) outages.push({ start: failedAt, end: occurredAt });
      failedAt = undefined;
    }
  }
  return outages;
}
