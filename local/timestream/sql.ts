/**
 * Timestream's query language, as much of it as telemetry needs, said in SQLite: durations (`30m`), `bin`, `ago`, `now`,
 * `from_iso8601_timestamp`, `from_milliseconds`, `to_milliseconds`, `approx_percentile` is refused. Times are ms integers inside.
 * Source: Timestream developer guide, "Query language reference".
 */

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Functions that mean the same in SQLite, or are rewritten below. */
const FUNCTIONS = new Set([
  'avg',
  'min',
  'max',
  'sum',
  'count',
  'abs',
  'round',
  'coalesce',
  'nullif',
  'cast',
  'bin',
  'ago',
  'now',
  'from_iso8601_timestamp',
  'from_milliseconds',
  'to_milliseconds',
  'in',
  'and',
  'or',
  'not',
  'values',
  'on',
  'as',
  'from',
  'where',
  'over',
  'when',
  'then',
  'else',
]);

const TOKEN =
  /('(?:[^']|'')*')|("(?:[^"]|"")*")|(\d+(?:ms|s|m|h|d)\b)|(\d+(?:\.\d+)?)|([A-Za-z_][A-Za-z_0-9]*)|(\s+)|(<>|!=|>=|<=|\|\||.)/gy;

export class UnsupportedQuery extends Error {}

export interface Translated {
  sql: string;
  table: string;
  database: string;
  /** Output columns that are times although their name is not a column's. */
  timeOutputs: ReadonlySet<string>;
}

const tokens = (query: string): string[] => {
  const found: string[] = [];
  TOKEN.lastIndex = 0;
  for (let match = TOKEN.exec(query); match !== null; match = TOKEN.exec(query)) {
    if (match[6] === undefined) found.push(match[0]);
    if (TOKEN.lastIndex === query.length) break;
  }
  return found;
};

/** @param now ms. @throws UnsupportedQuery naming what Timestream has and this does not. */
export const translate = (query: string, now: number): Translated => {
  const source = tokens(query);
  if (source[0]?.toLowerCase() !== 'select') throw new UnsupportedQuery('only SELECT is supported here');
  const out: string[] = [];
  const timeOutputs = new Set<string>();
  let table = '';
  let database = '';
  for (let i = 0; i < source.length; i++) {
    const token = source[i] ?? '';
    const next = source[i + 1];
    const duration = /^(\d+)(ms|s|m|h|d)$/.exec(token);
    if (duration !== null) {
      out.push(String(Number(duration[1]) * (UNIT_MS[duration[2] ?? ''] ?? 0)));
    } else if (token.startsWith('"') && next === '.' && source[i + 2]?.startsWith('"')) {
      const named = source[i + 2] ?? '';
      if (table !== '' && table !== named.slice(1, -1))
        throw new UnsupportedQuery('one table per query is supported here');
      database = token.slice(1, -1);
      table = named.slice(1, -1);
      // What the magnetic store has not made readable yet is not there.
      out.push(`(SELECT * FROM ${named} WHERE _readable <= ${now})`);
      i += 2;
    } else if (/^[A-Za-z_]/.test(token) && next === '(') {
      const name = token.toLowerCase();
      if (!FUNCTIONS.has(name)) throw new UnsupportedQuery(`function ${token} is not supported here`);
      if (name === 'from_iso8601_timestamp') {
        const text = source[i + 2] ?? '';
        const instant = Date.parse(text.slice(1, -1));
        if (!text.startsWith("'") || Number.isNaN(instant))
          throw new UnsupportedQuery(`from_iso8601_timestamp wants an ISO 8601 text, not ${text}`);
        out.push(String(instant));
        i += 3;
      } else if (name === 'now') {
        out.push(String(now));
        i += 2;
      } else if (name === 'ago') {
        out.push(`(${now} - `);
        i += 1;
      } else if (name === 'from_milliseconds' || name === 'to_milliseconds') {
        out.push('(');
        i += 1;
      } else if (name === 'bin') {
        const close = closing(source, i + 1);
        const comma = source.lastIndexOf(',', close);
        const inner = source.slice(i + 2, comma).join(' ');
        const width = /^(\d+)(ms|s|m|h|d)$/.exec(source[comma + 1] ?? '');
        if (width === null) throw new UnsupportedQuery('bin wants a duration such as 30m');
        const ms = Number(width[1]) * (UNIT_MS[width[2] ?? ''] ?? 0);
        out.push(`(CAST(${inner} / ${ms} AS INTEGER) * ${ms})`);
        if (source[close + 1]?.toLowerCase() === 'as') timeOutputs.add((source[close + 2] ?? '').replaceAll('"', ''));
        i = close;
      } else out.push(token);
    } else out.push(token);
  }
  if (table === '') throw new UnsupportedQuery('a query names its table as "database"."table"');
  return { sql: out.join(' '), table, database, timeOutputs };
};

const closing = (source: readonly string[], open: number): number => {
  let depth = 0;
  for (let i = open; i < source.length; i++) {
    if (source[i] === '(') depth += 1;
    if (source[i] === ')') depth -= 1;
    if (depth === 0) return i;
  }
  throw new UnsupportedQuery('a parenthesis is not closed');
};
