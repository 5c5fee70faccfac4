import { readFileSync } from 'node:fs';
import { Signer } from '@aws-sdk/rds-signer';
import pg from 'pg';
import { StoreUnavailable } from '../../domain/store-unavailable.ts';

/** What the adapters need of a session: one statement at a time, unnamed. Both `pg.Client` and `pg.PoolClient` are one. */
export interface Queryable {
  query(text: string, values?: unknown[]): Promise<{ rows: Record<string, unknown>[]; rowCount: number | null }>;
  /** A statement that reads its answer itself. @see binary-rows.ts */
  query(statement: pg.Submittable): unknown;
}

/** Sessions by need; `transaction` takes one session for its whole length. */
export interface Database extends Queryable {
  /** Commits what `work` did, or rolls back and rethrows. */
  transaction<Result>(work: (session: Queryable) => Promise<Result>): Promise<Result>;
}

/** A statement may take this long; a Lambda's own time-out is longer. [proposed] */
const STATEMENT_TIMEOUT_MS = 25_000;
/** When a server answers nothing at all, not even its own time-out. */
const ANSWER_TIMEOUT_MS = STATEMENT_TIMEOUT_MS + 1_000;
/** After this a caller may find a failed-over or resumed server. [proposed] */
const RETRY_AFTER_SECONDS = 15;
/** An environment handles one event at a time; the second session serves reads beside a transaction. */
const SESSIONS_PER_ENVIRONMENT = 2;

/** Settings from `DATABASE_*`. @throws naming every variable that is missing. */
export function databaseSettings(environment: NodeJS.ProcessEnv): {
  host: string;
  port: number;
  database: string;
  user: string;
  caFile: string;
} {
  const names = ['DATABASE_HOST', 'DATABASE_PORT', 'DATABASE_NAME', 'DATABASE_USER', 'DATABASE_CA_FILE'] as const;
  const missing = names.filter((name) => !environment[name]);
  if (missing.length > 0) throw new Error(`missing environment: ${missing.join(', ')}`);
  const [host = '', port, database = '', user = '', caFile = ''] = names.map((name) => environment[name]);
  return { host, port: Number(port), database, user, caFile };
}

/**
 * A pool that signs in with an IAM token over verified TLS. Tokens live 15 minutes and are only read at sign-in, so each new
 * session signs its own (a local computation, no call).
 */
export function databasePool(environment: NodeJS.ProcessEnv): pg.Pool {
  const { host, port, database, user, caFile } = databaseSettings(environment);
  const signer = new Signer({ hostname: host, port, username: user });
  const pool = new pg.Pool({
    host,
    port,
    database,
    user,
    password: () => signer.getAuthToken(),
    ssl: { ca: readFileSync(caFile, 'utf8'), rejectUnauthorized: true },
    max: SESSIONS_PER_ENVIRONMENT,
    connectionTimeoutMillis: 10_000,
    idleTimeoutMillis: 60_000,
    keepAlive: true,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    query_timeout: ANSWER_TIMEOUT_MS,
  });
  // An idle session that the server ended (failover, pause) is dropped by the pool; without a listener it would end the process.
  pool.on('error', () => {});
  return pool;
}

/**
 * SQLSTATE classes that speak of the server, not of the statement: connection exceptions (08), insufficient resources (53),
 * operator intervention (57; a cancelled statement among them), system errors (58).
 * Source: https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const SERVER_FAULT = /^(08|53|57|58)/;
/** The driver's own words for a connection that never came or broke, and the system's codes for the same. */
const NO_CONNECTION = /^(timeout exceeded when trying to connect|Query read timeout|Connection terminated)/;
const SYSTEM_CODES = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'EHOSTUNREACH']);

/** @throws StoreUnavailable in place of a fault of the server or the way to it; any other failure as it is. */
export function rethrow(failure: unknown): never {
  const { code = '', message = '' } = failure as { code?: string; message?: string };
  if (SERVER_FAULT.test(code) || SYSTEM_CODES.has(code) || NO_CONNECTION.test(message)) {
    throw new StoreUnavailable(`PostgreSQL: ${message}`, { cause: failure, retryAfterSeconds: RETRY_AFTER_SECONDS });
  }
  throw failure;
}

/** The port of the adapters over a pool. */
export function databaseOf(pool: pg.Pool): Database {
  return {
    query: ((statement: string, values?: unknown[]) =>
      pool.query(statement, values).catch(rethrow)) as unknown as Queryable['query'],
    async transaction(work) {
      const session = await pool.connect().catch(rethrow);
      let broken: Error | undefined;
      try {
        await session.query('BEGIN');
        const result = await work(session);
        await session.query('COMMIT');
        return result;
      } catch (error) {
        // A session whose rollback fails is not given back.
        await session.query('ROLLBACK').catch((failure: Error) => {
          broken = failure;
        });
        return rethrow(error);
      } finally {
        session.release(broken);
      }
    },
  };
}

let shared: Database | undefined;

/** The environment's own database, opened once per execution environment. */
export function database(environment: NodeJS.ProcessEnv = process.env): Database {
  shared ??= databaseOf(databasePool(environment));
  return shared;
}
