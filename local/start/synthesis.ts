import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What a synthesis depends on: any other change leaves the assembly as it is. */
const INPUTS = ['bin', 'lib', 'functions', 'layers', 'state-machines', 'web', 'cdk.json', 'package-lock.json'];

/**
 * The cloud assembly of the local stage, synthesised by the CDK app only if its inputs changed.
 * @returns its folder, and whether it was written now.
 * @throws with the app's own words if it fails.
 */
export async function synthesise(root: string): Promise<{ directory: string; written: boolean }> {
  const directory = join(root, '.cache', 'cdk.out');
  const mark = join(root, '.cache', 'cdk.out.inputs');
  const inputs = digest(root);
  if (existsSync(join(directory, 'manifest.json')) && existsSync(mark) && readFileSync(mark, 'utf8') === inputs) {
    return { directory, written: false };
  }
  const fresh = `${directory}.new`;
  rmSync(fresh, { recursive: true, force: true });
  mkdirSync(fresh, { recursive: true });
  rmSync(mark, { force: true });
  await runApp(root, fresh);
  rmSync(directory, { recursive: true, force: true });
  renameSync(fresh, directory);
  writeFileSync(mark, inputs);
  return { directory, written: true };
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
