import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import * as tar from 'tar';
import { folderFingerprint } from './bundle.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const SEEDS = join(ROOT, '.cache', 'seeds');

/**
 * Trains the model of a first deployment: the image's own entry point over `models/<name>/seed`, whose folders are its channels
 * and whose `hyperparameters.json` its settings. The
 * same code and data give the same bytes, and are trained once.
 * @param context build context of the model's image. @returns folder that holds `model.tar.gz`.
 * @throws Error with the trainer's words if it fails.
 */
export function seedModel(name: string, context: string): string {
  const channels = join(ROOT, 'models', name, 'seed');
  const inputs = createHash('sha256').update(basename(context)).update(folderFingerprint(channels));
  const folder = join(SEEDS, `${name}-${inputs.digest('hex').slice(0, 16)}`);
  if (existsSync(folder)) return folder;
  mkdirSync(SEEDS, { recursive: true });
  const building = mkdtempSync(join(SEEDS, 'training-'));
  const ml = join(building, 'ml');
  const config = join(ml, 'input/config');
  for (const each of [config, join(ml, 'model')]) mkdirSync(each, { recursive: true });
  cpSync(channels, join(ml, 'input/data'), { recursive: true });
  const names = readdirSync(channels, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  writeFileSync(
    join(config, 'inputdataconfig.json'),
    JSON.stringify(Object.fromEntries(names.map((entry) => [entry.name, {}]))),
  );
  const chosen = join(channels, 'hyperparameters.json');
  if (existsSync(chosen)) cpSync(chosen, join(config, 'hyperparameters.json'));
  const trained = spawnSync(process.execPath, [join(context, 'main.mjs'), 'train'], {
    env: { PATH: process.env.PATH, ML_ROOT: ml, TZ: 'UTC' },
    encoding: 'utf8',
  });
  if (trained.status !== 0) throw new Error(`the seed of ${name} did not train:\n${trained.stdout}${trained.stderr}`);
  const done = join(building, 'seed');
  mkdirSync(done);
  const file = join(done, 'model.tar.gz');
  tar.create(
    { sync: true, gzip: true, portable: true, mtime: new Date(0), cwd: join(ml, 'model'), file },
    readdirSync(join(ml, 'model')).sort(),
  );
  if (!existsSync(folder)) renameSync(done, folder);
  rmSync(building, { recursive: true });
  return folder;
}
