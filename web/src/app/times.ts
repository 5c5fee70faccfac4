export const minuteMs = 60_000;
export const hourMs = 60 * minuteMs;
export const dayMs = 24 * hourMs;

const formats = new Map<string, Intl.DateTimeFormat>();
const format = (zone: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat => {
  const key = zone + JSON.stringify(options);
  let found = formats.get(key);
  if (!found) {
    found = new Intl.DateTimeFormat('en-GB', { timeZone: zone, hourCycle: 'h23', ...options });
    formats.set(key, found);
  }
  return found;
};

const parts = {
  year: 'numeric',
  month: 'numeric',
  day: 'numeric',
  hour: 'numeric',
  minute: 'numeric',
  second: 'numeric',
} as const;

/** How far local time is ahead of UTC at an instant, ms. */
export const offsetMs = (time: number, zone: string): number => {
  const local: Record<string, number> = {};
  for (const part of format(zone, parts).formatToParts(time)) local[part.type] = Number(part.value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = local;
  return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(time / 1000) * 1000;
};

/** The instant at which the local day of `time` began; `days` later or earlier ones by local calendar. */
export const startOfLocalDay = (time: number, zone: string, days = 0): number => {
  const local = new Date(time + offsetMs(time, zone));
  const midnight = Date.UTC(local.getUTCFullYear(), local.getUTCMonth(), local.getUTCDate() + days);
  const guess = midnight - offsetMs(midnight, zone);
  return midnight - offsetMs(guess, zone);
};

/** Local minute of the day, 0–1439, and whether the local day is a Saturday or Sunday. */
export const localMinute = (time: number, zone: string): { minute: number; weekend: boolean } => {
  const local = new Date(time + offsetMs(time, zone));
  return { minute: local.getUTCHours() * 60 + local.getUTCMinutes(), weekend: local.getUTCDay() % 6 === 0 };
};

/** Local hour 0–23 and whether the local day is a Saturday or Sunday. */
export const localHour = (time: number, zone: string): { hour: number; weekend: boolean } => {
  const { minute, weekend } = localMinute(time, zone);
  return { hour: Math.floor(minute / 60), weekend };
};

export const clockTime = (time: number, zone: string): string =>
  format(zone, { hour: '2-digit', minute: '2-digit' }).format(time);

export const dayName = (time: number, zone: string): string =>
  format(zone, { weekday: 'short', day: 'numeric', month: 'short' }).format(time);

export const fullDay = (time: number, zone: string): string =>
  format(zone, { day: 'numeric', month: 'short', year: 'numeric' }).format(time);

export const monthName = (time: number, zone: string): string =>
  format(zone, { month: 'short', year: 'numeric' }).format(time);

/** `AEST` where the browser knows a name, `GMT+10` otherwise. */
export const zoneName = (time: number, zone: string): string =>
  format(zone, { timeZoneName: 'short' })
    .formatToParts(time)
    .find((part) => part.type === 'timeZoneName')?.value ?? zone;

/** `Tue 5 Mar, 14:30 GMT+11`. */
export const instantName = (time: number, zone: string): string =>
  `${dayName(time, zone)}, ${clockTime(time, zone)} ${zoneName(time, zone)}`;

/** Time today, day and time otherwise. */
export const shortTime = (time: number, now: number, zone: string): string =>
  startOfLocalDay(time, zone) === startOfLocalDay(now, zone)
    ? clockTime(time, zone)
    : now - time < 6 * dayMs
      ? `${dayName(time, zone)} ${clockTime(time, zone)}`
      : `${fullDay(time, zone)} ${clockTime(time, zone)}`;

/** `40 s`, `12 min`, `3 h`, `5 days`. */
export const ageName = (ms: number): string => {
  if (ms < minuteMs) return `${Math.max(0, Math.round(ms / 1000))} s`;
  if (ms < 90 * minuteMs) return `${Math.round(ms / minuteMs)} min`;
  if (ms < 2 * dayMs) return `${Math.round(ms / hourMs)} h`;
  return `${Math.round(ms / dayMs)} days`;
};

export const iso = (time: number): string => new Date(time).toISOString();
export const ceilTo = (time: number, stepMs: number): number => Math.ceil(time / stepMs) * stepMs;
