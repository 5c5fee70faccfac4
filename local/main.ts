import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
/** First version that runs TypeScript as it stands. */
if (major < 22 || (major === 22 && minor < 18)) {
  console.error(
    `This is Node ${process.version}; the local cloud needs 22.18 or newer. \`npm ci\` (with optional dependencies) brings one along: run it again, then \`npm start\`.`,
  );
  process.exit(1);
}

const { parseOptions, HELP, UsageError } = await import('./start/options.ts');
const { run } = await import('./start/run.ts');
try {
  const options = parseOptions(process.argv.slice(2));
  if (options === 'help') {
    process.stdout.write(HELP);
    process.exit(0);
  }
  const { lockState } = await import('./start/lock.ts');
  const stateDir = resolve(root, process.env.GRID_STATE_DIR ?? '.local');
  const release = lockState(stateDir);
  process.on('exit', release);
  if (options.fresh) {
    const { endStaleChildren } = await import('./start/stale-children.ts');
    await endStaleChildren(stateDir);
    for (const entry of readdirSync(stateDir)) {
      if (entry !== 'lock') rmSync(join(stateDir, entry), { recursive: true, force: true });
    }
  }
  mkdirSync(stateDir, { recursive: true });
  await run(root, stateDir, options);
} catch (error) {
  const text = error instanceof Error ? error.message : String(error);
  console.error(error instanceof UsageError ? `${text}\n\n${HELP}` : text);
  process.exit(error instanceof UsageError ? 2 : 1);
}
