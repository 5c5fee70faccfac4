import pg from 'pg';
import { migrate, readMigrations } from '../../layers/adapters/postgres/migrate.ts';
import { type Database, databaseOf, type Queryable } from '../../layers/adapters/postgres/pool.ts';
import { findNativePostgres, startNativePostgres } from './native-postgres.ts';
import { startEmbeddedPostgres } from './pglite-session.ts';

export interface TestDatabase {
  database: Database;
  /** As many sessions at once as are wanted; 1 where there is only one backend. */
  sessions: number;
  stop(): Promise<void>;
}

export const MIGRATIONS = `${import.meta.dirname}/../../layers/adapters/postgres/migrations`;

/** Every database the adapters must work on: how to open it, migrated; or why it cannot be opened here. */
export function testDatabases(port: number): { name: string; open: (() => Promise<TestDatabase>) | undefined }[] {
  const native = findNativePostgres();
  return [
    { name: 'PGlite', open: openEmbedded },
    'bin' in native
      ? { name: native.version, open: () => openNative(native.bin, port) }
      : { name: `native PostgreSQL (skipped: ${native.missing})`, open: undefined },
  ];
}

async function openEmbedded(): Promise<TestDatabase> {
  const { client, stop } = await startEmbeddedPostgres();
  await migrate(client, readMigrations(MIGRATIONS));
  return { database: oneSession(client), sessions: 1, stop };
}

async function openNative(bin: string, port: number): Promise<TestDatabase> {
  const server = await startNativePostgres({ bin, port });
  const pool = new pg.Pool({ ...server.settings, max: 8 });
  // A session that is still ending when the server stops is told so.
  pool.on('error', () => {});
  const client = await pool.connect();
  await migrate(client, readMigrations(MIGRATIONS));
  client.release();
  return {
    database: databaseOf(pool),
    sessions: 8,
    async stop() {
      await pool.end();
      await server.stop();
    },
  };
}

/** One session for everybody: a transaction holds back every other statement, as the local front does with PGlite. */
function oneSession(client: Queryable): Database {
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <Result>(work: () => Promise<Result>): Promise<Result> => {
    const turn = last.then(work, work);
    last = turn.catch(() => {});
    return turn;
  };
  return {
    query: ((text: string, values?: unknown[]) =>
      inTurn(() => client.query(text, values))) as unknown as Queryable['query'],
    transaction: (work) =>
      inTurn(async () => {
        await client.query('BEGIN');
        try {
          const result = await work(client);
          await client.query('COMMIT');
          return result;
        } catch (error) {
          await client.query('ROLLBACK');
          throw error;
        }
      }),
  };
}
