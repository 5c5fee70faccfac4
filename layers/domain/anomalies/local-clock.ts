import { zoneOffsetMs } from '../calendar/zone-offset.ts';

const DAY_MS = 86_400_000;
/** UTC days whose offset is remembered per zone. */
const MOST_DAYS = 4096;

const zones = new Map<string, Map<number, number>>();

/** Offset of local clocks, ms, as zoneOffsetMs tells it; asked once per UTC day on which clocks do not change. */
export function localOffsetMs(timeZone: string, at: number): number {
  const day = Math.floor(at / DAY_MS);
  let days = zones.get(timeZone);
  if (days === undefined) {
    days = new Map();
    zones.set(timeZone, days);
  }
  let offset = days.get(day);
  if (offset === undefined) {
    const first = zoneOffsetMs(timeZone, day * DAY_MS);
    offset = first === zoneOffsetMs(timeZone, (day + 1) * DAY_MS) ? first : Number.NaN;
    if (days.size >= MOST_DAYS) days.clear();
    days.set(day, offset);
  }
  return Number.isNaN(offset) ? zoneOffsetMs(timeZone, at) : offset;
}
