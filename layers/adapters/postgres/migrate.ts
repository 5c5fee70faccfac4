import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Queryable } from './pool.ts';

export interface Migration {
  /** `0001_topology.sql`; names order the migrations. */
  name: string;
  sql: string;
}

/** Key of the advisory lock: one migration run at a time. */
const MIGRATION_LOCK = 72_157_001;

/** Migrations in a folder, in order. @throws if the folder holds none or two share a number. */
export function readMigrations(folder: string): Migration[] {
  const names = readdirSync(folder)
    .filter((name) => /^\d{4}_[a-z0-9_]+\.sql$/.test(name))
    .sort();
  if (names.length === 0) throw new Error(`no migrations in ${folder}`);
  const numbers = new Set(names.map((name) => name.slice(0, 4)));
  if (numbers.size !== names.length) throw new Error(`two migrations share a number in ${folder}`);
  return names.map((name) => ({ name, sql: readFileSync(join(folder, name), 'utf8') }));
}

const checksum = (sql: string): string => createHash('sha256').update(sql.replaceAll('\r\n', '\n')).digest('hex');

/**
 * Applies what is not yet applied, each migration in a transaction of its own with its row in `schema_migration`, under an
 * advisory lock. A migration is never edited after release: expand in one release (add columns and tables that old code ignores),
 * move readers and writers, contract in a later one, since old and new functions run side by side during a deploy.
 * @param client one session, not a pool
 * @returns names applied now. @throws if an applied migration's text has changed or is missing.
 */
export async function migrate(client: Queryable, migrations: readonly Migration[]): Promise<string[]> {
  await client.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
  try {
    await client.query(`CREATE TABLE IF NOT EXISTS schema_migration (
      name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())`);
    const { rows } = await client.query('SELECT name, checksum FROM schema_migration ORDER BY name');
    const applied = new Map(rows.map((row) => [String(row.name), String(row.checksum)]));
    verifyApplied(applied, migrations);
    const pending = migrations.filter((migration) => !applied.has(migration.name));
    for (const migration of pending) await apply(client, migration);
    return pending.map((migration) => migration.name);
  } finally {
    await client.query('SELECT pg_advisory_unlock($1)', [MIGRATION_LOCK]);
  }
}

function verifyApplied(applied: ReadonlyMap<string, string>, migrations: readonly Migration[]): void {
  const known = new Map(migrations.map((migration) => [migration.name, checksum(migration.sql)]));
  for (const [name, sum] of applied) {
    if (!known.has(name)) throw new Error(`migration ${name} is applied but not in this release`);
    if (known.get(name) !== sum) throw new Error(`migration ${name} was changed after it was applied`);
  }
}

async function apply(client: Queryable, migration: Migration): Promise<void> {
  await client.query('BEGIN');
  try {
    await client.query(migration.sql);
    await client.query('INSERT INTO schema_migration (name, checksum) VALUES ($1, $2)', [
      migration.name,
      checksum(migration.sql),
    ]);
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK');
    throw new Error(`migration ${migration.name} failed: ${error instanceof Error ? error.message : error}`, {
      cause: error,
    });
  }
}
