import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';

/** Written last into a model's folder: a folder without it, or that differs from it, is no model. */
const SEAL = 'manifest.json';

interface Seal {
  name: string;
  /** SHA-256 by path below the folder, with `/`. */
  files: Record<string, string>;
}

/**
 * Moves a trained model to where it is served from, its seal last. A process killed at any point leaves either no seal or a
 * whole model.
 * @param from folder the model was trained into. @param to folder whose contents are replaced.
 * @throws if the model wrote nothing.
 */
export function sealModel({ name, from, to }: { name: string; from: string; to: string }): void {
  const files = hashesOf(from);
  if (Object.keys(files).length === 0) throw new Error(`${name} trained without writing a model`);
  mkdirSync(to, { recursive: true });
  rmSync(join(to, SEAL), { force: true });
  for (const entry of readdirSync(to)) rmSync(join(to, entry), { recursive: true });
  cpSync(from, to, { recursive: true });
  // Renamed into place: a seal is there whole or not at all.
  writeFileSync(join(to, `.${SEAL}`), JSON.stringify({ name, files } satisfies Seal));
  renameSync(join(to, `.${SEAL}`), join(to, SEAL));
}

/** Identity of a sealed model: the same bytes give the same version. @throws if it is not whole, or of another name. */
export function verifySeal({ name, folder }: { name: string; folder: string }): string {
  const path = join(folder, SEAL);
  if (!existsSync(path)) throw new Error(`${folder} holds no whole model: ${SEAL} is missing`);
  const text = readFileSync(path, 'utf8');
  const seal = JSON.parse(text) as Seal;
  if (seal.name !== name) throw new Error(`${folder} holds a model of ${seal.name}, not of ${name}`);
  const found = hashesOf(folder);
  const wrong = [...new Set([...Object.keys(found), ...Object.keys(seal.files)])].filter(
    (file) => found[file] !== seal.files[file],
  );
  if (wrong.length > 0) throw new Error(`${folder} differs from its ${SEAL}: ${wrong.join(', ')}`);
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

function hashesOf(folder: string): Record<string, string> {
  const paths = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => relative(folder, path) !== SEAL)
    .sort();
  return Object.fromEntries(
    paths.map((path) => [
      relative(folder, path).split(sep).join('/'),
      createHash('sha256').update(readFileSync(path)).digest('hex'),
    ]),
  );
}
