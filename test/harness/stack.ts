import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';

export interface Endpoints {
  api: string;
  console: string;
  mqtts: { host: string; port: number; ca: string };
  device: {
    meterId: string;
    clientId: string;
    certificate: string;
    key: string;
    topic: string;
    example: string | Record<string, unknown>;
  };
}

const ROOT = join(import.meta.dirname, '../..');
const READY_TIMEOUT_MS = 120_000;

/** The processes below one, from /proc; the deepest last. */
export const processTree = (pid: number): number[] => {
  const parents = new Map<number, number>();
  for (const entry of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const stat = readFileSync(`/proc/${entry}/stat`, 'utf8');
      parents.set(Number(entry), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]));
    } catch {
      // It ended meanwhile.
    }
  }
  const below = (of: number): number[] =>
    [...parents].filter(([, parent]) => parent === of).flatMap(([child]) => [child, ...below(child)]);
  return [pid, ...below(pid)];
};

/** A stack of its own, in its own state folder and on its own ports. */
export class Stack {
  readonly #portBase: number;
  readonly stateDir: string;
  #process: ChildProcess | undefined;

  constructor(options: { portBase: number; stateDir: string }) {
    this.#portBase = options.portBase;
    this.stateDir = resolve(ROOT, options.stateDir);
  }

  endpoints(): Endpoints {
    return JSON.parse(readFileSync(join(this.stateDir, 'endpoints.json'), 'utf8'));
  }

  /** How the operator at the keyboard calls the stack's AWS endpoint. */
  operator(): {
    endpoint: string;
    region: string;
    credentials: { accessKeyId: string; secretAccessKey: string; sessionToken: string };
  } {
    return JSON.parse(readFileSync(join(this.stateDir, 'operator.json'), 'utf8'));
  }

  /** Process id of the stack's root; its children are below it. */
  get pid(): number {
    if (this.#process?.pid === undefined) throw new Error('the stack is not running');
    return this.#process.pid;
  }

  /** @returns ms until it was ready. @throws with the last output when it does not become so. */
  async start({
    fresh,
    arguments: more = ['--no-fleet'],
  }: {
    fresh: boolean;
    arguments?: readonly string[];
  }): Promise<number> {
    const file = join(this.stateDir, 'endpoints.json');
    rmSync(fresh ? this.stateDir : file, { recursive: true, force: true });
    const began = Date.now();
    const output: string[] = [];
    const child = spawn(process.execPath, ['local/main.ts', '--port-base', String(this.#portBase), ...more], {
      cwd: ROOT,
      env: { ...process.env, GRID_STATE_DIR: this.stateDir },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (chunk: Buffer) => output.push(chunk.toString()));
    this.#process = child;
    while (!existsSync(file)) {
      if (child.exitCode !== null || Date.now() - began > READY_TIMEOUT_MS) {
        await this.kill();
        throw new Error(`the stack did not become ready:\n${output.join('').slice(-4_000)}`);
      }
      await new Promise((wait) => setTimeout(wait, 50));
    }
    return Date.now() - began;
  }

  /** SIGKILL to every process of the stack, as a power cut of the machine's processes would. */
  async kill(): Promise<void> {
    const child = this.#process;
    if (child?.pid === undefined) return;
    const exited = new Promise((resolve) =>
      child.exitCode === null && child.signalCode === null ? child.once('exit', resolve) : resolve(0),
    );
    for (const pid of processTree(child.pid)) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It ended meanwhile.
      }
    }
    await exited;
  }

  async stop(): Promise<void> {
    const child = this.#process;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    await exited;
  }

  /** An access token of a group, as `npm run token` prints it. */
  token(group: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const child = spawn(process.execPath, ['local/cli/token.ts', group], {
        cwd: ROOT,
        env: { ...process.env, GRID_STATE_DIR: this.stateDir },
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let output = '';
      child.stdout.on('data', (chunk: Buffer) => {
        output += chunk.toString();
      });
      child.on('exit', (code) => (code === 0 ? resolve(output.trim()) : reject(new Error(`no token for ${group}`))));
    });
  }
}
