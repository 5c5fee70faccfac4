import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

export const ROOT = resolve(import.meta.dirname, '../..');
const READY_MS = 90_000;

export interface Endpoints {
  api: string;
  mqtts: { host: string; port: number; ca: string };
  device: { meterId: string; clientId: string; certificate: string; key: string; topic: string; example: string };
}

/** The whole stack as a person starts it, without simulated devices, in a state folder and on ports of its own. */
export async function startStack(portBase: number) {
  const stateDir = mkdtempSync(join(tmpdir(), 'outside-'));
  const env = { ...process.env, GRID_STATE_DIR: stateDir };
  const child = spawn('node_modules/.bin/node', ['local/main.ts', '--no-fleet', '--port-base', String(portBase)], {
    cwd: ROOT,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => (said += text.toString()));
  const file = join(stateDir, 'endpoints.json');
  const end = Date.now() + READY_MS;
  while (!existsSync(file)) {
    if (child.exitCode !== null || Date.now() > end) {
      child.kill();
      throw new Error(`the stack did not become ready:\n${said}`);
    }
    await new Promise((wait) => setTimeout(wait, 200));
  }
  return {
    endpoints: JSON.parse(readFileSync(file, 'utf8')) as Endpoints,
    env,
    stateDir,
    async stop() {
      const gone = new Promise((exited) => child.once('exit', exited));
      child.kill('SIGTERM');
      await gone;
      rmSync(stateDir, { recursive: true, force: true });
    },
  };
}
