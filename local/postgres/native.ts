import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  statSync,
} from 'node:fs';
import { createConnection, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { Backend } from './backend.ts';
import { asSuperuser } from './superuser.ts';

const run = promisify(execFile);

/** A PostgreSQL installation on this machine that has PostGIS. */
export interface NativeInstallation {
  binDir: string;
  version: string;
}

const candidates = (): string[] => {
  const debian = '/usr/lib/postgresql';
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : [];
  return [...versions.map((v) => join(debian, v, 'bin')), ...(process.env.PATH ?? '').split(delimiter)];
};

/** The newest PostgreSQL (≥ 14) with PostGIS found in Debian's place or on the PATH; undefined when there is none. */
export const findNative = async (): Promise<NativeInstallation | undefined> => {
  for (const binDir of candidates()) {
    if (!existsSync(join(binDir, 'initdb')) || !existsSync(join(binDir, 'postgres'))) continue;
    const { stdout } = await run(join(binDir, 'postgres'), ['--version']).catch(() => ({ stdout: '' }));
    const version = /(\d+)(\.\d+)?/.exec(stdout)?.[0];
    if (version === undefined || Number.parseInt(version, 10) < 14) continue;
    const debianShare = join('/usr/share/postgresql', version.split('.')[0] ?? '');
    const shareDirs = [debianShare, join(dirname(binDir), 'share'), join(dirname(binDir), 'share', 'postgresql')];
    if (shareDirs.some((share) => existsSync(join(share, 'extension', 'postgis.control')))) return { binDir, version };
  }
  return undefined;
};

/** PostgreSQL refuses to run as root: the account it then runs as. */
const serverAccount = async (): Promise<{ uid: number; gid: number } | undefined> => {
  if (process.getuid?.() !== 0) return undefined;
  const passwd = readFileSync('/etc/passwd', 'utf8').split('\n');
  const row = passwd.find((line) => line.startsWith('postgres:')) ?? passwd.find((line) => line.startsWith('nobody:'));
  const [, , uid, gid] = row?.split(':') ?? [];
  return uid === undefined || gid === undefined ? undefined : { uid: Number(uid), gid: Number(gid) };
};

const othersMayEnter = (path: string): boolean => {
  for (let dir = path; dir !== dirname(dir); dir = dirname(dir)) {
    if (existsSync(dir) && (statSync(dir).mode & 0o001) === 0) return false;
  }
  return true;
};

/** Ends the server of a previous run that was killed, so that its data folder can be opened again. */
const endStaleServer = async (dataDir: string, runDir: string): Promise<void> => {
  const pidFile = join(dataDir, 'postmaster.pid');
  // Without /proc nobody can be found: PostgreSQL then judges by its own lock files.
  if (!existsSync(pidFile) || !existsSync('/proc')) return;
  const pid = Number.parseInt(readFileSync(pidFile, 'utf8'), 10);
  // The server and its backends work in the data folder; a backend may outlive a killed server for a moment and must not meet the next.
  const living = () =>
    readdirSync('/proc').filter((entry) => {
      try {
        return /^\d+$/.test(entry) && readlinkSync(`/proc/${entry}/cwd`) === realpathSync(dataDir);
      } catch {
        return false;
      }
    });
  if (living().includes(String(pid))) process.kill(pid, 'SIGQUIT');
  for (let waited = 0; living().length > 0; waited += 50) {
    if (waited > 10_000)
      throw new Error(`processes ${living().join(', ')} of an earlier PostgreSQL still use ${dataDir}: end them first`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  // Its number may by now be another process's, or a dead one's that nobody has reaped: PostgreSQL would believe it still runs.
  for (const file of [pidFile, join(runDir, '.s.PGSQL.5432'), join(runDir, '.s.PGSQL.5432.lock')])
    rmSync(file, { force: true });
};

/** `shared_buffers` and the rest suit a laptop; durability is PostgreSQL's own default, because acknowledged readings must survive. */
const SETTINGS = {
  listen_addresses: '',
  max_connections: '60',
  shared_buffers: '128MB',
  max_wal_size: '1GB',
  fsync: 'on',
  synchronous_commit: 'on',
  log_min_messages: 'fatal',
  timezone: 'UTC',
};

/** Last words of a server that are kept, and the wait before a dead one is replaced. */
const LOG_LINES = 50;
const RESTART_MS = 1_000;

const ended = ({ exitCode, signalCode }: ChildProcess): boolean => exitCode !== null || signalCode !== null;

/** Starts a private PostgreSQL below `folder` and answers how to reach it; undefined with `why` when this machine does not let it run. */
export const startNative = async (
  installation: NativeInstallation,
  folder: string,
): Promise<{ backend: Backend } | { why: string }> => {
  const account = await serverAccount();
  if (process.getuid?.() === 0 && account === undefined)
    return { why: 'PostgreSQL cannot run as root and no other account exists' };
  if (account !== undefined && !othersMayEnter(dirname(folder))) {
    return { why: `PostgreSQL cannot run as root, and its own account may not enter ${dirname(folder)}` };
  }
  const dataDir = join(folder, 'data');
  const longPath = join(folder, 'run');
  // A Unix socket's path is limited to 107 bytes (unix(7)).
  const runDir =
    longPath.length < 80
      ? longPath
      : join(tmpdir(), `grid-${createHash('sha256').update(folder).digest('hex').slice(0, 12)}`);
  for (const dir of [folder, runDir]) {
    mkdirSync(dir, { recursive: true });
    if (account !== undefined) chownSync(dir, account.uid, account.gid);
    chmodSync(dir, 0o700);
  }
  const options = { ...account, cwd: folder, env: { PATH: process.env.PATH ?? '', LANG: 'C', TZ: 'UTC' } };
  const log: string[] = [];
  if (!existsSync(join(dataDir, 'PG_VERSION'))) {
    rmSync(dataDir, { recursive: true, force: true });
    await run(
      join(installation.binDir, 'initdb'),
      ['-D', dataDir, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'],
      options,
    );
  }
  const settings = Object.entries({ ...SETTINGS, unix_socket_directories: runDir }).flatMap(([k, v]) => [
    '-c',
    `${k}=${v}`,
  ]);
  let stopping = false;
  const launch = async (): Promise<ChildProcess> => {
    await endStaleServer(dataDir, runDir);
    const launched = spawn(join(installation.binDir, 'postgres'), ['-D', dataDir, ...settings], {
      ...options,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    launched.stderr?.on('data', (chunk: Buffer) => {
      if (log.push(chunk.toString()) > LOG_LINES) log.shift();
    });
    return launched;
  };
  let server = await launch();
  const connect = (): Socket => createConnection(join(runDir, '.s.PGSQL.5432'));
  const backend: Backend = {
    description: `PostgreSQL ${installation.version}, native`,
    connect,
    stop: () =>
      new Promise((resolve) => {
        stopping = true;
        if (ended(server)) return resolve();
        server.once('exit', () => resolve());
        server.kill('SIGINT');
      }),
  };
  // After a crash the socket accepts connections while the log is still replayed.
  const answers = () =>
    asSuperuser(backend, 'postgres', 'SELECT 1').then(
      () => true,
      () => false,
    );
  for (let waited = 0; !(await answers()); waited += 25) {
    if (ended(server) || waited > 20_000)
      throw new Error(`PostgreSQL did not start in ${dataDir}: ${log.join('').trim()}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  // Aurora replaces an instance that died, of a full disk say, by itself.
  const watch = (): void => {
    server.once('exit', async () => {
      await new Promise((resolve) => setTimeout(resolve, RESTART_MS));
      if (stopping) return;
      server = await launch();
      watch();
    });
  };
  watch();
  return { backend };
};
