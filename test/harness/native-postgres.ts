import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';

/** A throw-away PostgreSQL in a private folder; everything is gone after `stop`. */
export interface NativePostgres {
  /** Connection of the superuser `grid_migrator` to database `grid`. */
  settings: pg.ClientConfig;
  /** The postmaster; its children are the sessions and the background processes. */
  pid: number;
  dataDir: string;
  stop(): Promise<void>;
}

/** Folder with `initdb` and `postgres` that also has PostGIS, or why there is none. */
export function findNativePostgres(): { bin: string; version: string } | { missing: string } {
  const roots = ['/usr/lib/postgresql', '/opt/homebrew/opt', '/usr/local/opt'];
  const bins = roots
    .filter((root) => existsSync(root))
    .flatMap((root) => readdirSync(root).map((name) => join(root, name, 'bin')))
    .filter((bin) => existsSync(join(bin, 'initdb')))
    .sort()
    .reverse();
  if (bins.length === 0) return { missing: 'no native PostgreSQL (Debian: apt-get install postgresql-15-postgis-3)' };
  for (const bin of bins) {
    const share = execFileSync(join(bin, 'pg_config'), ['--sharedir'], { encoding: 'utf8' }).trim();
    if (!existsSync(join(share, 'extension', 'postgis.control'))) continue;
    return { bin, version: execFileSync(join(bin, 'postgres'), ['--version'], { encoding: 'utf8' }).trim() };
  }
  return { missing: `PostgreSQL in ${bins.join(', ')} has no PostGIS` };
}

/** initdb and postgres refuse to run as root: then they run as an unprivileged user. */
const unprivileged = (): { uid: number; gid: number } | undefined => {
  if (process.getuid?.() !== 0) return undefined;
  try {
    const id = (flag: string) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
    return { uid: id('-u'), gid: id('-g') };
  } catch {
    return { uid: 65534, gid: 65534 };
  }
};

/**
 * Starts PostgreSQL with durability as deployed (`fsync` and `synchronous_commit` on) on 127.0.0.1.
 * @throws if it does not accept sessions within 20 s.
 */
export async function startNativePostgres(options: {
  bin: string;
  port: number;
  parentDir?: string;
  settings?: Record<string, string>;
}): Promise<NativePostgres> {
  const user = unprivileged();
  const dataDir = mkdtempSync(join(options.parentDir ?? tmpdir(), 'grid-postgres-'));
  if (user) chownSync(dataDir, user.uid, user.gid);
  const env = { PATH: process.env.PATH ?? '', LC_ALL: 'C.UTF-8', TZ: 'UTC' };
  const flags = ['-D', dataDir, '-U', 'grid_migrator', '-A', 'trust', '-E', 'UTF8', '--no-instructions'];
  execFileSync(join(options.bin, 'initdb'), flags, { ...user, env, stdio: 'ignore', cwd: dataDir });
  const given = { listen_addresses: '127.0.0.1', unix_socket_directories: '', fsync: 'on', ...options.settings };
  const server: ChildProcess = spawn(
    join(options.bin, 'postgres'),
    ['-D', dataDir, '-p', String(options.port), ...Object.entries(given).flatMap(([key, v]) => ['-c', `${key}=${v}`])],
    { ...user, env, stdio: 'ignore', cwd: dataDir },
  );
  const exited = new Promise<void>((resolve) => server.once('exit', () => resolve()));
  const stop = async () => {
    server.kill('SIGINT');
    await exited;
    rmSync(dataDir, { recursive: true, force: true });
  };
  const settings = { host: '127.0.0.1', port: options.port, user: 'grid_migrator', database: 'grid' };
  try {
    await untilReady({ ...settings, database: 'postgres' }, server);
  } catch (error) {
    await stop();
    throw error;
  }
  return { settings, pid: server.pid as number, dataDir, stop };
}

async function untilReady(settings: pg.ClientConfig, server: ChildProcess): Promise<void> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    if (server.exitCode !== null) throw new Error(`postgres ended with ${server.exitCode}`);
    const client = new pg.Client(settings);
    try {
      await client.connect();
      await client.query('CREATE DATABASE grid');
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    } finally {
      await client.end().catch(() => {});
    }
  }
}
