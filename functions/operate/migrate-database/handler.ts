import { join } from 'node:path';
import { migrate, readMigrations } from '../../../layers/adapters/postgres/migrate.ts';
import { databasePool } from '../../../layers/adapters/postgres/pool.ts';
import { customResource } from '../../../layers/runtime/custom-resource.ts';
import { connectPatiently } from './connect-patiently.ts';

export const handler = customResource('database-migrations', {
  async apply() {
    const pool = databasePool(process.env);
    try {
      const session = await connectPatiently(pool);
      // Rewriting a large table takes longer than any request may.
      await session.query('SET statement_timeout = 0');
      const applied = await migrate(session, readMigrations(join(import.meta.dirname, 'migrations')));
      session.release();
      return { applied: applied.join(' ') };
    } finally {
      await pool.end();
    }
  },
  // The schema goes with its database, or stays with it.
  remove: async () => {},
});
