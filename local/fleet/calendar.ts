import { INTERVAL_MS, SOURCE_START_MS } from './data/source.ts';

/** The fleet's own zone: local days of a bounded replay are days of it. */
export const FLEET_ZONE = 'Australia/Sydney';
const DAY_MS = 86_400_000;

const formats = new Map<string, Intl.DateTimeFormat>();

/** How far a zone's clock is ahead of UTC at an instant, ms. */
function offsetMs(instant: number, zone: string): number {
  const known = formats.get(zone);
  const format = known ?? new Intl.DateTimeFormat('en-CA', { timeZone: zone, timeZoneName: 'longOffset' });
  if (!known) formats.set(zone, format);
  const name = format.formatToParts(instant).find((part) => part.type === 'timeZoneName')?.value ?? 'GMT';
  const match = /GMT(?:([+-])(\d\d):(\d\d))?/.exec(name);
  const minutes = Number(match?.[2] ?? 0) * 60 + Number(match?.[3] ?? 0);
  return (match?.[1] === '-' ? -1 : 1) * minutes * 60_000;
}

/** First instant of a local date plus some days, epoch ms. @param date `2012-09-30` */
export function startOfLocalDay(date: string, addDays = 0, zone = FLEET_ZONE): number {
  if (!/^\d{4}-\d\d-\d\d$/.test(date)) throw new Error(`${date} is not a date such as 2012-09-30`);
  const wall = Date.parse(`${date}T00:00:00Z`) + addDays * DAY_MS;
  if (Number.isNaN(wall)) throw new Error(`${date} is not a date such as 2012-09-30`);
  const guess = wall - offsetMs(wall, zone);
  return wall - offsetMs(guess, zone);
}

/** Half-hour index in the source of an instant of the source's own time. */
export const indexAt = (sourceMs: number): number => Math.floor((sourceMs - SOURCE_START_MS) / INTERVAL_MS);
export const startOfIndex = (index: number): number => SOURCE_START_MS + index * INTERVAL_MS;

/** `2012-09-30T00:00:00Z`, without the milliseconds that nobody measured. */
export const isoSeconds = (instant: number): string => `${new Date(instant).toISOString().slice(0, 19)}Z`;
