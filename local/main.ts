import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { lockState } from './start/lock.ts';
import { HELP, parseOptions, UsageError } from './start/options.ts';
import { run } from './start/run.ts';
import { endStaleChildren } from './start/stale-children.ts';

const root = resolve(import.meta.dirname, '..');
try {
  const options = parseOptions(process.argv.slice(2));
  if (options === 'help') {
    process.stdout.write(HELP);
    process.exit(0);
  }
  const stateDir = resolve(root, process.env.GRID_STATE_DIR ?? '.local');
  const release = lockState(stateDir);
  process.on('exit', release);
  if (options.fresh) {
    await endStaleChildren(stateDir);
    for (const entry of readdirSync(stateDir)) {
      if (entry !== 'lock') rmSync(join(stateDir, entry), { recursive: true, force: true });
    }
  }
  mkdirSync(stateDir, { recursive: true });
  await run(root, stateDir, options);
} catch (error) {
  const taken = error as NodeJS.ErrnoException & { port?: number };
  const text =
    taken.code === 'EADDRINUSE'
      ? `Port ${taken.port} is taken by another program. Choose other ports with --port-base N.`
      : error instanceof Error
        ? error.message
        : String(error);
  console.error(error instanceof UsageError ? `${text}\n\n${HELP}` : text);
  process.exit(error instanceof UsageError ? 2 : 1);
}
