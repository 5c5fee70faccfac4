import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';

/** One set of a protocol: series, and the instants from which each is to be forecast. */
export interface ForecastSet {
  stepMs: number;
  horizonMs: number;
  /** Epoch ms, ascending. */
  origins: number[];
  /** How far the clock of the origins is ahead of UTC, ms; the time of day of the origins stands as midnight where they are given in UTC. */
  offsetMs: number;
  series: { name: string; start: number; values: Float64Array }[];
  /** °C, for the same intervals as the series; absent when the file has no such column. */
  temperature: Float64Array | undefined;
  /** Days since 1970-01-01 by that clock that the file marks as holidays. */
  holidays: ReadonlySet<number>;
}

interface ProtocolSet {
  file: string;
  series?: string[];
  stepMinutes: number;
  zeroIsMissing?: boolean;
  origins: { first: string; last: string; everyHours?: number };
  horizonHours: number;
}

const DAY_MS = 86_400_000;
const NOT_LOAD = new Set(['time', 'temperature_c', 'holiday']);

const textOf = (path: string): string => {
  const bytes = readFileSync(path);
  return (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
};

const instantOf = (text: string, where: string): number => {
  const time = Date.parse(text);
  if (Number.isNaN(time)) throw new Error(`${where}: ${text} is not an ISO 8601 instant`);
  return time;
};

/** @throws Error that says what the file lacks. */
export function readForecastSet(protocolPath: string, setName: string): ForecastSet {
  const { sets } = JSON.parse(textOf(protocolPath)) as { sets?: Record<string, ProtocolSet> };
  const set = sets?.[setName];
  if (set === undefined) {
    throw new Error(`${protocolPath} has no set ${setName}; it has ${Object.keys(sets ?? {}).join(', ')}`);
  }
  const stepMs = set.stepMinutes * 60_000;
  const first = instantOf(set.origins.first, 'origins.first');
  const last = instantOf(set.origins.last, 'origins.last');
  const everyMs = (set.origins.everyHours ?? 24) * 3_600_000;
  const origins: number[] = [];
  for (let origin = first; origin <= last; origin += everyMs) origins.push(origin);
  const offsetMs = offsetOf(set.origins.first, first);
  return {
    stepMs,
    horizonMs: set.horizonHours * 3_600_000,
    origins,
    offsetMs,
    ...readColumns(resolve(dirname(protocolPath), set.file), { ...set, stepMs, offsetMs }),
  };
}

function offsetOf(text: string, time: number): number {
  const [, sign, hours, minutes] = /([+-])(\d\d):?(\d\d)$/.exec(text) ?? [];
  const stated = hours === undefined ? 0 : (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000;
  if (stated !== 0) return stated;
  const ofDay = ((time % DAY_MS) + DAY_MS) % DAY_MS;
  return ofDay > DAY_MS / 2 ? DAY_MS - ofDay : -ofDay;
}

function readColumns(path: string, set: ProtocolSet & { stepMs: number; offsetMs: number }) {
  const lines = textOf(path).split(/\r?\n/);
  const head = (lines[0] ?? '').split(',').map((name) => name.trim());
  const names = set.series ?? head.filter((name) => !NOT_LOAD.has(name));
  const missing = names.filter((name) => !head.includes(name));
  if (missing.length > 0) throw new Error(`${path} has no column ${missing.join(', ')}`);
  const rows = lines.slice(1).flatMap((line) => (line === '' ? [] : [line.split(',')]));
  const times = rows.map((row) => instantOf(row[head.indexOf('time')] ?? '', path));
  if (times.length === 0) throw new Error(`${path} has no rows`);
  let start = Number.POSITIVE_INFINITY;
  let end = Number.NEGATIVE_INFINITY;
  for (const time of times) {
    if (time < start) start = time;
    if (time > end) end = time;
  }
  const length = Math.floor((end - start) / set.stepMs) + 1;
  const columnOf = (name: string): Float64Array => {
    const column = head.indexOf(name);
    const values = new Float64Array(length).fill(Number.NaN);
    for (const [row, time] of times.entries()) {
      const text = rows[row]?.[column] ?? '';
      if (text.trim() !== '') values[Math.floor((time - start) / set.stepMs)] = Number(text);
    }
    return values;
  };
  const holidays = new Set<number>();
  if (head.includes('holiday')) {
    for (const [index, flag] of columnOf('holiday').entries()) {
      if (flag > 0) holidays.add(Math.floor((start + index * set.stepMs + set.offsetMs) / DAY_MS));
    }
  }
  return {
    series: names.map((name) => {
      const values = columnOf(name);
      return {
        name,
        start,
        values: set.zeroIsMissing ? values.map((value) => (value === 0 ? Number.NaN : value)) : values,
      };
    }),
    temperature: head.includes('temperature_c') ? columnOf('temperature_c') : undefined,
    holidays,
  };
}
