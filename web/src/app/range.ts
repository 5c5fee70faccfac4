import { useEffect, useState } from 'preact/hooks';
import { useServices } from './data.ts';
import { usePlace } from './location.ts';
import { ceilTo, dayMs, hourMs, minuteMs } from './times.ts';

/** Spans a person can look at, each with the resolution at which loads are asked for. */
export const spans = {
  '24h': { label: '24 h', ms: dayMs, resolutionMinutes: '30' },
  '48h': { label: '48 h', ms: 2 * dayMs, resolutionMinutes: '30' },
  '7d': { label: '7 days', ms: 7 * dayMs, resolutionMinutes: '30' },
  '28d': { label: '28 days', ms: 28 * dayMs, resolutionMinutes: '60' },
} as const;
export type Span = keyof typeof spans;

export interface TimeRange {
  span: Span;
  /** False when the address names an end (`at`). */
  live: boolean;
  /** Both are whole half-hours, so that a live page keeps its addresses while time goes on. */
  from: number;
  to: number;
  /** The present, or the end looked at. */
  now: number;
  resolutionMinutes: '30' | '60';
  /** Zone in which times are shown. */
  zone: string;
  /** Zone of the grid, in which days are meant. */
  gridZone: string;
}

/** The present, every ten seconds. */
export const useClock = (): number => {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 10_000);
    return () => clearInterval(timer);
  }, []);
  return now;
};

export const rangeOf = (query: URLSearchParams, present: number, gridZone: string): TimeRange => {
  const asked = query.get('range') ?? '';
  const span: Span = asked in spans ? (asked as Span) : '48h';
  const at = Date.parse(query.get('at') ?? '');
  const live = Number.isNaN(at);
  const now = live ? present : at;
  const to = ceilTo(now, 30 * minuteMs);
  const { ms, resolutionMinutes } = spans[span];
  const from = resolutionMinutes === '60' ? Math.floor((to - ms) / hourMs) * hourMs : to - ms;
  return { span, live, from, to, now, resolutionMinutes, zone: query.get('utc') === '1' ? 'UTC' : gridZone, gridZone };
};

export const useRange = (): TimeRange => {
  const { config } = useServices();
  const { query } = usePlace();
  return rangeOf(query, useClock(), config.timeZone);
};
