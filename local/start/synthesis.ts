import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** What a synthesis depends on: any other change leaves the assembly as it is. */
const INPUTS = [
  'bin',
  'lib',
  'functions',
  'layers',
  'models',
  'state-machines',
  'web',
  'cdk.json',
  'package-lock.json',
];

/** Assemblies kept: one that still runs elsewhere loads code from its folder. */
const KEPT = 4;

/**
 * The cloud assembly of the local stage, synthesised by the CDK app only if its inputs changed. Each set of inputs has a folder of
 * its own, which appears whole and never changes.
 * @returns its folder, and whether it was written now.
 * @throws with the app's own words if it fails.
 */
export async function synthesise(root: string): Promise<{ directory: string; written: boolean }> {
  const all = join(root, '.cache', 'assembly');
  const directory = join(all, digest(root).slice(0, 16));
  if (existsSync(join(directory, 'manifest.json'))) return { directory, written: false };
  const fresh = join(all, `new-${process.pid}`);
  rmSync(fresh, { recursive: true, force: true });
  mkdirSync(fresh, { recursive: true });
  await runApp(root, fresh);
  try {
    renameSync(fresh, directory);
  } catch (error) {
    if (!existsSync(join(directory, 'manifest.json'))) throw error;
    rmSync(fresh, { recursive: true, force: true }); // another process was faster
  }
  forgetOld(all, directory);
  return { directory, written: true };
}

function forgetOld(all: string, current: string): void {
  const folders = readdirSync(all)
    .map((name) => join(all, name))
    .map((folder) => ({ folder, at: statSync(folder).mtimeMs }))
    .sort((a, b) => b.at - a.at);
  for (const { folder } of folders.slice(KEPT))
    if (folder !== current) rmSync(folder, { recursive: true, force: true });
}

function digest(root: string): string {
  const hash = createHash('sha256').update(process.version);
  for (const input of INPUTS) {
    const path = join(root, input);
    if (!existsSync(path)) continue;
    const files = statSync(path).isDirectory()
      ? globSync('**/*', { cwd: path })
          .map((file) => join(path, file))
          .filter((file) => statSync(file).isFile())
          .sort()
      : [path];
    for (const file of files) hash.update(file.slice(root.length)).update('\0').update(readFileSync(file)).update('\0');
  }
  return hash.digest('hex');
}

function runApp(root: string, outdir: string): Promise<void> {
  const settings = existsSync(join(root, 'cdk.json'))
    ? (JSON.parse(readFileSync(join(root, 'cdk.json'), 'utf8')) as { context?: object })
    : {};
  const child = spawn(process.execPath, [join(root, 'bin', 'smart-grid.ts')], {
    cwd: root,
    env: {
      ...process.env,
      CDK_OUTDIR: outdir,
      CDK_CONTEXT_JSON: JSON.stringify({ ...settings.context, stage: 'local' }),
      JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION: '1',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`The CDK app failed (exit ${code}):\n${said.trim().split('\n').slice(-25).join('\n')}`));
    });
  });
}
