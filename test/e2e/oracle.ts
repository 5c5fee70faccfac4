import type { HouseholdData } from '../harness/household-data.ts';

const HOUR_MS = 3_600_000;

export interface Period {
  start: number;
  end: number;
  /** Wh; null when nothing is present. */
  wh: number | null;
  present: number;
}

const parts = (zone: string) =>
  new Intl.DateTimeFormat('en-CA', {
    timeZone: zone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    hourCycle: 'h23',
  });

/** A label that is equal for exactly the instants of one local hour, day or month; an hour that occurs twice is two. */
const labels = (granularity: 'hour' | 'day' | 'month', zone: string): ((instant: number) => string) => {
  const format = parts(zone);
  return (instant) => {
    const [date = '', hour = ''] = format.format(instant).split(', ');
    if (granularity === 'month') return date.slice(0, 7);
    if (granularity === 'day') return date;
    return `${date} ${hour} ${Math.floor(instant / HOUR_MS)}`;
  };
};

/**
 * Sums a set of meters by walking the half hours of [from, to) one by one and changing period where the local label changes:
 * slow, and shares nothing with the product's calendar.
 */
export const consumption = (
  data: HouseholdData,
  options: {
    meterIds: readonly string[];
    from: number;
    to: number;
    granularity: 'hour' | 'day' | 'month';
    zone: string;
  },
): Period[] => {
  const label = labels(options.granularity, options.zone);
  const index = new Map(data.starts.map((start, i) => [start, i]));
  const periods: Period[] = [];
  let current = '';
  for (let instant = options.from; instant < options.to; instant += HOUR_MS / 2) {
    const now = label(instant);
    if (now !== current) periods.push({ start: instant, end: instant, wh: null, present: 0 });
    current = now;
    const period = periods.at(-1) as Period;
    period.end = instant + HOUR_MS / 2;
    const row = index.get(instant);
    if (row === undefined) continue;
    for (const id of options.meterIds) {
      const wh = data.wh.get(id)?.[row];
      if (wh === undefined) continue;
      period.wh = (period.wh ?? 0) + wh;
      period.present += 1;
    }
  }
  return periods;
};
