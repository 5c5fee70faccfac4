import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, join, resolve } from 'node:path';
import * as tar from 'tar';
import { folderFingerprint } from './bundle.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const SEEDS = join(ROOT, '.cache', 'seeds');

/** Runs every command given as JSON, all at once, and writes down what it said; prints what the first that fails said, and fails with it. */
const ALL_AT_ONCE = `
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
const run = ([main, root]) => new Promise((resolve) => {
  const child = spawn(process.execPath, [main, 'train'], { env: { ...process.env, ML_ROOT: root } });
  const said = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => said.push(chunk));
  child.on('close', (code) => {
    writeFileSync(root + '/said.txt', Buffer.concat(said));
    resolve(code === 0 ? '' : main + ':\\n' + Buffer.concat(said));
  });
});
const failed = (await Promise.all(JSON.parse(process.argv[1]).map(run))).find((words) => words !== '');
if (failed) { process.stdout.write(failed); process.exit(1); }
`;

/**
 * Trains the models of a first deployment, side by side: each image's own entry point over `models/<name>/seed`, whose folders are its
 * channels and whose `hyperparameters.json` its settings. The same code and data give the same bytes, and are trained once.
 * @param contexts build context of each model's image. @returns for each the folder that holds `model.tar.gz`, and `run.json`, what its card says of it.
 * @throws Error with the trainer's words if one fails.
 */
export function seedModels<Name extends string>(contexts: ReadonlyMap<Name, string>): Map<Name, string> {
  const folders = new Map([...contexts].map(([name, context]) => [name, folderOf(name, context)]));
  const missing = [...folders].filter(([, folder]) => !existsSync(folder));
  if (missing.length === 0) return folders;
  mkdirSync(SEEDS, { recursive: true });
  const building = mkdtempSync(join(SEEDS, 'training-'));
  const jobs = missing.map(([name]) => [
    join(contexts.get(name) as string, 'main.mjs'),
    laidOut(name, join(building, name)),
  ]);
  const trained = spawnSync(process.execPath, ['--input-type=module', '-e', ALL_AT_ONCE, JSON.stringify(jobs)], {
    env: { PATH: process.env.PATH, TZ: 'UTC' },
    encoding: 'utf8',
  });
  if (trained.status !== 0) throw new Error(`a seed did not train: ${trained.stdout}${trained.stderr}`);
  for (const [name, folder] of missing) {
    const model = join(building, name, 'model');
    const done = join(building, `${name}-done`);
    mkdirSync(done);
    tar.create(
      { sync: true, gzip: true, portable: true, mtime: new Date(0), cwd: model, file: join(done, 'model.tar.gz') },
      readdirSync(model).sort(),
    );
    writeFileSync(join(done, 'run.json'), `${JSON.stringify(runOf(name, join(building, name)))}\n`);
    if (!existsSync(folder)) renameSync(done, folder);
  }
  rmSync(building, { recursive: true });
  return folders;
}

function folderOf(name: string, context: string): string {
  const inputs = createHash('sha256')
    // Caches from before there were records are no match.
    .update('with its record')
    .update(basename(context))
    .update(folderFingerprint(channelsOf(name)));
  return join(SEEDS, `${name}-${inputs.digest('hex').slice(0, 16)}`);
}

const channelsOf = (name: string): string => join(ROOT, 'models', name, 'seed');

/** What is on record of a seed: what it was trained on, with which settings, and the figures that training printed. */
function runOf(name: string, root: string) {
  const channels = channelsOf(name);
  const optional = (path: string) => (existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : undefined);
  const said = readFileSync(join(root, 'said.txt'), 'utf8');
  return {
    hyperparameters: optional(join(channels, 'hyperparameters.json')) ?? {},
    trainedOn: optional(join(channels, 'trained-on.json')) ?? null,
    dataVersion: folderFingerprint(channels).slice(0, 16),
    metrics: Object.fromEntries(
      [...said.matchAll(/^\[metric\] (\w+)=([-+0-9.eE]+);$/gm)].map(([, metric, value]) => [metric, Number(value)]),
    ),
  };
}

/** The folders of a training job as SageMaker lays them out. @returns their root. */
function laidOut(name: string, root: string): string {
  const channels = channelsOf(name);
  const config = join(root, 'input/config');
  for (const each of [config, join(root, 'model')]) mkdirSync(each, { recursive: true });
  cpSync(channels, join(root, 'input/data'), { recursive: true });
  const names = readdirSync(channels, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  writeFileSync(
    join(config, 'inputdataconfig.json'),
    JSON.stringify(Object.fromEntries(names.map((entry) => [entry.name, {}]))),
  );
  const chosen = join(channels, 'hyperparameters.json');
  if (existsSync(chosen)) cpSync(chosen, join(config, 'hyperparameters.json'));
  return root;
}
