import type { ForecastEntityKind } from '../../contracts/models/forecast.ts';
import type { Entity } from '../network/topology-store.ts';
import { MINUTE_MS, slotStart } from '../readings/calendar-day.ts';
import type { DaySummary } from '../windows/day-summary.ts';
import type { WindowReader } from '../windows/window-store.ts';

/** Id under which the system is forecast. */
export const SYSTEM_ENTITY_ID = 'system';

/** An interval counts as read when at least this share of the entity's usual meters reported: a half-empty sum is no low load. [proposed] */
const MIN_PRESENT_SHARE = 0.9;
const USUAL_DAYS = 7;

/** Energy of an entity by interval, kWh; null where too few of its meters reported. */
export interface EntityHistory {
  /** Epoch ms of the first interval. */
  start: number;
  intervalMinutes: number;
  values: (number | null)[];
}

export interface ForecastEntity {
  kind: ForecastEntityKind;
  id: string;
}

export const entityOf = ({ kind, id }: ForecastEntity): Entity => (kind === 'system' ? { kind } : { kind, id });

/** Imported energy of whole UTC days [fromDay, toDay). @returns undefined where the entity has no reading in them. */
export async function entityHistory(
  windows: Pick<WindowReader, 'daysOf'>,
  query: { entity: ForecastEntity; fromDay: number; toDay: number },
): Promise<EntityHistory | undefined> {
  const { fromDay, toDay } = query;
  const days = await windows.daysOf({ entity: entityOf(query.entity), channel: 'activeEnergyImport', fromDay, toDay });
  return historyOf(days, { fromDay, toDay });
}

/** Days of one entity as one series, at the interval length that most of its readings have. */
export function historyOf(
  days: readonly DaySummary[],
  { fromDay, toDay }: { fromDay: number; toDay: number },
): EntityHistory | undefined {
  const byLength = new Map<number, number>();
  for (const { intervalMinutes, present } of days)
    byLength.set(intervalMinutes, (byLength.get(intervalMinutes) ?? 0) + total(present) * intervalMinutes);
  const [intervalMinutes] = [...byLength].sort((a, b) => b[1] - a[1])[0] ?? [];
  if (intervalMinutes === undefined) return undefined;
  const own = days.filter((day) => day.intervalMinutes === intervalMinutes);
  const start = slotStart(fromDay, 0, intervalMinutes);
  const lengthMs = intervalMinutes * MINUTE_MS;
  const values: (number | null)[] = Array.from(
    { length: (slotStart(toDay, 0, intervalMinutes) - start) / lengthMs },
    () => null,
  );
  for (const { day, present, sumWh } of own) {
    const first = (slotStart(day, 0, intervalMinutes) - start) / lengthMs;
    // Meters come and go: as many as reported in the week up to this day are usual.
    const week = own.filter((other) => other.day <= day && other.day > day - USUAL_DAYS);
    const usual = Math.max(...week.map((other) => Math.max(...other.present)));
    present.forEach((count, slot) => {
      if (count > 0 && count >= MIN_PRESENT_SHARE * usual) values[first + slot] = (sumWh[slot] as number) / 1000;
    });
  }
  return { start, intervalMinutes, values };
}

const total = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0);

/** End of the last interval that was read, epoch ms; undefined if none was. */
export function readUntil({ start, intervalMinutes, values }: EntityHistory): number | undefined {
  const last = values.findLastIndex((value) => value !== null);
  return last < 0 ? undefined : start + (last + 1) * intervalMinutes * MINUTE_MS;
}
