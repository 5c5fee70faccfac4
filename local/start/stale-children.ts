import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { lives } from './lock.ts';

/** How long a database may take to stop before its files are removed, ms. */
const STOP_MS = 10_000;

/**
 * Ends database servers that a killed run left behind, found by their pid files, so that `--fresh` does not pull the files from
 * under one that runs. Without `--fresh` the database part itself reuses or ends them.
 */
export async function endStaleChildren(stateDir: string): Promise<void> {
  for (const file of globSync('**/postmaster.pid', { cwd: stateDir })) {
    const pid = Number(readFileSync(join(stateDir, file), 'utf8').split('\n')[0]);
    if (!(pid > 1) || !lives(pid, 'postgres')) continue;
    process.kill(pid, 'SIGINT'); // PostgreSQL's fast shutdown
    const end = Date.now() + STOP_MS;
    while (lives(pid, 'postgres') && Date.now() < end) await wait(50);
    if (lives(pid, 'postgres')) process.kill(pid, 'SIGQUIT');
  }
}
