/**
 * When a schedule fires next.
 * Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
 */
export interface Schedule {
  /** @param after ms since the epoch. @returns ms since the epoch. */
  next(after: number): number;
}

const UNIT_MS: Readonly<Record<string, number>> = { minute: 60_000, hour: 3600_000, day: 86_400_000 };
/** Furthest look-ahead for a cron expression: its year field aside, every pattern recurs within four years. */
const HORIZON_MINUTES = 4 * 366 * 1440;
const NAMES = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];
const DAYS = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];

/** @throws on an expression that AWS would refuse, or that uses L, W or # (not known here). */
export function parseSchedule(expression: string): Schedule {
  const rate = /^rate\((\d+) (minute|hour|day)s?\)$/.exec(expression);
  if (rate) {
    const every = Number(rate[1]) * (UNIT_MS[rate[2] as string] as number);
    if (every === 0) throw new Error(`${expression}: the rate must be positive`);
    return { next: (after) => (Math.floor(after / every) + 1) * every };
  }
  const cron = /^cron\(([^)]+)\)$/.exec(expression);
  const fields = cron?.[1]?.trim().split(/\s+/);
  if (fields?.length !== 6) throw new Error(`${expression} is neither rate(…) nor cron(… six fields)`);
  const [minute, hour, day, month, weekday, year] = fields as [string, string, string, string, string, string];
  const matches = {
    minute: field(minute, 0, 59),
    hour: field(hour, 0, 23),
    day: field(day, 1, 31),
    month: field(month, 1, 12, NAMES, 1),
    weekday: field(weekday, 1, 7, DAYS, 1),
    year: field(year, 1970, 2199),
  };
  return {
    next(after) {
      let at = (Math.floor(after / 60_000) + 1) * 60_000;
      for (let step = 0; step < HORIZON_MINUTES; step++, at += 60_000) {
        const date = new Date(at);
        if (
          !matches.month(date.getUTCMonth() + 1) ||
          !matches.day(date.getUTCDate()) ||
          !matches.weekday(date.getUTCDay() + 1)
        ) {
          at += 86_400_000 - (at % 86_400_000) - 60_000;
          continue;
        }
        if (
          matches.hour(date.getUTCHours()) &&
          matches.minute(date.getUTCMinutes()) &&
          matches.year(date.getUTCFullYear())
        ) {
          return at;
        }
      }
      return Number.POSITIVE_INFINITY;
    },
  };
}

function field(
  text: string,
  low: number,
  high: number,
  names: readonly string[] = [],
  offset = 0,
): (at: number) => boolean {
  if (text === '*' || text === '?') return () => true;
  const number = (word: string): number => {
    const named = names.indexOf(word.toUpperCase());
    const parsed = named >= 0 ? named + offset : Number(word);
    if (!Number.isInteger(parsed) || parsed < low || parsed > high)
      throw new Error(`${word} is not a cron value in ${low}–${high}`);
    return parsed;
  };
  const allowed = new Set<number>();
  for (const part of text.split(',')) {
    const [range, step] = part.split('/') as [string, string?];
    const [from, to] =
      range === '*'
        ? [low, high]
        : range.includes('-')
          ? range.split('-').map(number)
          : [number(range), step ? high : number(range)];
    for (let value = from as number; value <= (to as number); value += Number(step ?? 1)) allowed.add(value);
  }
  return (at) => allowed.has(at);
}
