import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';

/** How long a write to the magnetic store stays unreadable here; AWS says up to six hours. Source: Timestream developer guide, "Magnetic store writes". */
const MAGNETIC_DELAY_MS = 10_000;

export interface Sample {
  dimensions: Readonly<Record<string, string>>;
  measureName: string;
  measures: Readonly<Record<string, { type: string; value: string }>>;
  /** ms since the epoch. */
  time: number;
  version: number;
}

export interface TableSettings {
  memoryMs: number;
  magneticMs: number;
  magneticWrites: boolean;
}

export type WriteOutcome = 'memory' | 'magnetic' | { rejected: string; existingVersion?: number } | { lateStale: true };

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** The tables of one Timestream database: one SQLite table each, a column per dimension and measure as they appear. */
export class TimestreamTables {
  readonly #database: DatabaseSync;
  readonly #columns = new Map<string, Map<string, string>>();
  readonly #settings = new Map<string, TableSettings>();

  constructor(folder: string) {
    mkdirSync(folder, { recursive: true });
    this.#database = new DatabaseSync(join(folder, 'telemetry.sqlite'));
    this.#database.exec(
      'PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; CREATE TABLE IF NOT EXISTS column_type (tab TEXT, col TEXT, type TEXT, PRIMARY KEY (tab, col))',
    );
    for (const row of this.#database.prepare('SELECT tab, col, type FROM column_type').all() as {
      tab: string;
      col: string;
      type: string;
    }[]) {
      this.#columnsOf(row.tab).set(row.col, row.type);
    }
  }

  #columnsOf(table: string): Map<string, string> {
    let columns = this.#columns.get(table);
    if (columns === undefined) {
      columns = new Map();
      this.#columns.set(table, columns);
    }
    return columns;
  }

  create(table: string, settings: TableSettings): void {
    this.#settings.set(table, settings);
    this.#database.exec(
      `CREATE TABLE IF NOT EXISTS ${quoted(table)} (_series TEXT NOT NULL, time INTEGER NOT NULL, _version INTEGER NOT NULL, _readable INTEGER NOT NULL, measure_name TEXT NOT NULL, PRIMARY KEY (_series, time)) WITHOUT ROWID`,
    );
    this.#database.exec(`CREATE INDEX IF NOT EXISTS ${quoted(`${table}_time`)} ON ${quoted(table)} (time)`);
  }

  settings(table: string): TableSettings | undefined {
    return this.#settings.get(table);
  }

  columnType(table: string, column: string): string | undefined {
    if (column === 'time') return 'TIMESTAMP';
    if (column === 'measure_name') return 'VARCHAR';
    return this.#columns.get(table)?.get(column);
  }

  #ensureColumn(table: string, column: string, type: string): string | undefined {
    const known = this.#columnsOf(table).get(column);
    if (known === type) return undefined;
    if (known !== undefined) return `column ${column} has type ${known}, not ${type}`;
    const affinity =
      type === 'DOUBLE' ? 'REAL' : type === 'BIGINT' || type === 'TIMESTAMP' || type === 'BOOLEAN' ? 'INTEGER' : 'TEXT';
    this.#database.exec(`ALTER TABLE ${quoted(table)} ADD COLUMN ${quoted(column)} ${affinity}`);
    this.#database.prepare('INSERT INTO column_type VALUES (?, ?, ?)').run(table, column, type);
    this.#columnsOf(table).set(column, type);
    return undefined;
  }

  /** Writes samples in one transaction, each with its own outcome. Source: Timestream API reference, "RejectedRecord". */
  write(table: string, samples: readonly Sample[], now: number): WriteOutcome[] {
    this.#database.exec('BEGIN');
    try {
      const outcomes = samples.map((sample) => this.#writeOne(table, sample, now));
      this.#database.exec('COMMIT');
      return outcomes;
    } catch (failure) {
      this.#database.exec('ROLLBACK');
      throw failure;
    }
  }

  #writeOne(table: string, sample: Sample, now: number): WriteOutcome {
    const settings = this.#settings.get(table);
    if (settings === undefined) throw new Error(`no table ${table}`);
    const age = now - sample.time;
    if (age < -15 * 60_000)
      return {
        rejected:
          'The record timestamp is outside the time range [now - memory store retention, now + 15 minutes) of the memory store',
      };
    const late = age > settings.memoryMs;
    if (late && (!settings.magneticWrites || age > settings.magneticMs)) {
      return { rejected: 'The record timestamp is outside the time range of the data ingestion window' };
    }
    const series = JSON.stringify([
      sample.measureName,
      Object.entries(sample.dimensions).sort(([a], [b]) => (a < b ? -1 : 1)),
    ]);
    const existing = this.#database
      .prepare(`SELECT * FROM ${quoted(table)} WHERE _series = ? AND time = ?`)
      .get(series, sample.time) as Record<string, unknown> | undefined;
    const values = new Map<string, SQLInputValue>();
    for (const [name, value] of Object.entries(sample.dimensions)) {
      const clash = this.#ensureColumn(table, name, 'VARCHAR');
      if (clash !== undefined) return { rejected: clash };
      values.set(name, value);
    }
    for (const [name, { type, value }] of Object.entries(sample.measures)) {
      const clash = this.#ensureColumn(table, name, type);
      if (clash !== undefined) return { rejected: clash };
      values.set(name, type === 'VARCHAR' ? value : type === 'BOOLEAN' ? Number(value === 'true') : Number(value));
    }
    if (existing !== undefined) {
      const version = Number(existing._version);
      const same = [...values].every(([name, value]) => existing[name] === value);
      if (same && sample.version === version) return late ? 'magnetic' : 'memory';
      if (sample.version <= version) {
        return late
          ? { lateStale: true }
          : {
              rejected: `A higher or equal version exists for the record, existing version: ${version}`,
              existingVersion: version,
            };
      }
    }
    const names = ['_series', 'time', '_version', '_readable', 'measure_name', ...values.keys()];
    this.#database
      .prepare(
        `INSERT OR REPLACE INTO ${quoted(table)} (${names.map(quoted).join(', ')}) VALUES (${names.map(() => '?').join(', ')})`,
      )
      .run(
        series,
        sample.time,
        sample.version,
        late ? now + MAGNETIC_DELAY_MS : 0,
        sample.measureName,
        ...values.values(),
      );
    return late ? 'magnetic' : 'memory';
  }

  /** Runs a translated SELECT. */
  select(sql: string): { columns: string[]; rows: Record<string, unknown>[] } {
    const statement = this.#database.prepare(sql);
    return {
      columns: statement.columns().map((column) => column.name ?? ''),
      rows: statement.all() as Record<string, unknown>[],
    };
  }

  close(): void {
    this.#database.close();
  }
}
