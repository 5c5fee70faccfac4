import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chownSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Image, layOut } from './image.ts';

/** Debian's and macOS's "nobody", who owns nothing. */
const NOBODY = 65_534;

export interface Container {
  child: ChildProcess;
  /** Resolves with the exit code; a signal counts as 128 and its number, as a shell says it. */
  ended: Promise<number>;
  /** Whom it runs as, in words. */
  user: string;
}

/**
 * Starts an image's entry point as a process of this machine: it sees, by Node's permission model, its own root folder only and
 * writes only below `/opt/ml` and `/tmp` in it; as root's child it becomes nobody where that user can reach the folder.
 * @param root folder that holds `opt/ml` and is otherwise empty or already laid out.
 */
export function startContainer(options: {
  image: Image;
  root: string;
  verb: 'train' | 'serve';
  env: Record<string, string>;
  onLine(line: string): void;
}): Container {
  const { image, root, verb, env, onLine } = options;
  layOut(image, root);
  const { dockerfile } = image;
  const [program, ...words] = dockerfile.entrypoint;
  if (program !== 'node') throw new Error(`the entry point must be node, not ${program}`);
  const own = Number(process.versions.node.split('.')[0]);
  if (dockerfile.nodeMajor !== own) onLine(`the image holds Node ${dockerfile.nodeMajor}; this is Node ${own}`);
  const ml = join(root, 'opt/ml');
  const temporary = join(root, 'tmp');
  for (const folder of [ml, temporary]) mkdirSync(folder, { recursive: true });
  const identity = dockerfile.user === undefined ? undefined : lesserUser(root);
  if (identity) giveTo(NOBODY, [ml, temporary]);
  const child = spawn(
    process.execPath,
    [
      '--permission',
      `--allow-fs-read=${root}`,
      `--allow-fs-write=${ml}`,
      `--allow-fs-write=${temporary}`,
      '--allow-worker',
      // Node's own warning that the model is in force.
      '--disable-warning=SecurityWarning',
      ...words,
      verb,
    ],
    {
      cwd: join(root, dockerfile.workdir),
      env: { ...dockerfile.env, ...env, ML_ROOT: ml, TMPDIR: temporary, TZ: 'UTC' },
      stdio: ['ignore', 'pipe', 'pipe'],
      ...identity,
    },
  );
  for (const stream of [child.stdout, child.stderr]) byLine(stream, onLine);
  const ended = new Promise<number>((resolve) => {
    child.once('error', (failure) => {
      onLine(failure.message);
      resolve(127);
    });
    child.once('close', (code, signal) => resolve(code ?? 128 + (signal === 'SIGTERM' ? 15 : 9)));
  });
  return { child, ended, user: identity ? 'nobody' : 'this user' };
}

/** Whether root may hand its child to nobody: that user has to reach the program and the folder. */
function lesserUser(root: string): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const identity = { uid: NOBODY, gid: NOBODY };
  try {
    execFileSync(process.execPath, ['-e', `require('node:fs').readdirSync(${JSON.stringify(root)})`], {
      ...identity,
      stdio: 'ignore',
    });
    return identity;
  } catch {
    return undefined;
  }
}

function giveTo(uid: number, folders: readonly string[]): void {
  for (const folder of folders) {
    chownSync(folder, uid, uid);
    for (const entry of readdirSync(folder, { recursive: true })) chownSync(join(folder, String(entry)), uid, uid);
  }
}

function byLine(stream: NodeJS.ReadableStream | null, onLine: (line: string) => void): void {
  let rest = '';
  stream?.on('data', (chunk: Buffer) => {
    const lines = (rest + chunk.toString()).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) onLine(line);
  });
  stream?.on('end', () => {
    if (rest !== '') onLine(rest);
  });
}
