import type { Pool, PoolClient } from 'pg';

/** A paused Aurora takes about 15 s to resume, a new one a little to accept tokens; each attempt itself waits up to 10 s. */
const ATTEMPTS = 8;
const PAUSE_MS = 5_000;

/** The database of this name does not exist: waiting changes nothing. */
const isFinal = (failure: unknown): boolean =>
  typeof failure === 'object' && failure !== null && 'code' in failure && failure.code === '3D000';

/** A session of the pool, waiting for the database to wake up. @throws the last failure after about two minutes. */
export async function connectPatiently(pool: Pool): Promise<PoolClient> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await pool.connect();
    } catch (failure) {
      if (attempt === ATTEMPTS || isFinal(failure)) throw failure;
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }
}
