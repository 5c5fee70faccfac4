import { randomUUID } from 'node:crypto';
import { AwsFailure } from '../kernel/types.ts';
import { LIMITS } from './limits.ts';
import { type Translated, translate, UnsupportedQuery } from './sql.ts';
import type { TimestreamTables } from './tables.ts';

const timestamp = (ms: number): string => `${new Date(ms).toISOString().replace('T', ' ').replace('Z', '')}000000`;

/** Pages of a query's answer; a NextToken names the kept answer and where to go on. */
export class TimestreamQuery {
  readonly #clock: () => number;
  readonly #kept = new Map<string, { rows: unknown[]; columns: unknown[]; until: number }>();

  constructor(clock: () => number) {
    this.#clock = clock;
  }

  target(query: string): { database: string; table: string } {
    return this.#translate(query);
  }

  #translate(query: string): Translated {
    try {
      return translate(query, this.#clock());
    } catch (failure) {
      if (failure instanceof UnsupportedQuery) throw new AwsFailure('ValidationException', failure.message);
      throw failure;
    }
  }

  run(tables: TimestreamTables, body: { QueryString: string; NextToken?: string; MaxRows?: number }): unknown {
    const [id, start] = (body.NextToken ?? '').split(':');
    const kept = body.NextToken === undefined ? this.#answer(tables, body.QueryString) : this.#kept.get(id ?? '');
    if (kept === undefined) throw new AwsFailure('ValidationException', 'The next token is invalid or has expired.');
    const from = Number(start ?? 0);
    const to = from + Math.min(body.MaxRows ?? LIMITS.rowsPerPage, LIMITS.rowsPerPage);
    const key = id || randomUUID();
    const more = to < kept.rows.length;
    if (more) this.#kept.set(key, kept);
    else this.#kept.delete(key);
    for (const [old, { until }] of this.#kept) if (until < this.#clock()) this.#kept.delete(old);
    return {
      QueryId: key.replaceAll('-', '').toUpperCase(),
      Rows: kept.rows.slice(from, to),
      ColumnInfo: kept.columns,
      QueryStatus: {
        ProgressPercentage: more ? (100 * to) / kept.rows.length : 100,
        CumulativeBytesScanned: 0,
        CumulativeBytesMetered: 0,
      },
      ...(more ? { NextToken: `${key}:${to}` } : {}),
    };
  }

  #answer(tables: TimestreamTables, query: string) {
    const { sql, table, database, timeOutputs } = this.#translate(query);
    const name = `${database}.${table}`;
    if (tables.settings(name) === undefined)
      throw new AwsFailure('ValidationException', `Table ${name} does not exist.`);
    let found: ReturnType<TimestreamTables['select']>;
    try {
      found = tables.select(sql.replaceAll(`FROM "${table}" WHERE _readable`, `FROM "${name}" WHERE _readable`));
    } catch (failure) {
      const why = failure instanceof Error ? failure.message : String(failure);
      // A column that no record has brought yet does not exist, in Timestream as here.
      throw new AwsFailure('ValidationException', why.replace('no such column: ', 'Column does not exist: '));
    }
    const types = found.columns.map((column) => {
      if (timeOutputs.has(column)) return 'TIMESTAMP';
      const known = tables.columnType(name, column);
      if (known !== undefined) return known;
      const sample = found.rows.find((row) => row[column] !== null)?.[column];
      return typeof sample === 'string'
        ? 'VARCHAR'
        : Number.isInteger(sample) && /count/i.test(column)
          ? 'BIGINT'
          : 'DOUBLE';
    });
    return {
      columns: found.columns.map((column, i) => ({ Name: column, Type: { ScalarType: types[i] } })),
      rows: found.rows.map((row) => ({
        Data: found.columns.map((column, i) => {
          const value = row[column];
          if (value === null || value === undefined) return { NullValue: true };
          if (types[i] === 'TIMESTAMP') return { ScalarValue: timestamp(Number(value)) };
          if (types[i] === 'BOOLEAN') return { ScalarValue: String(value === 1) };
          return { ScalarValue: String(value) };
        }),
      })),
      until: this.#clock() + 15 * 60_000,
    };
  }
}
