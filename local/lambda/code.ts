import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { cp, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { at, textAt } from '../kernel/properties.ts';

interface AssetManifest {
  files?: Record<string, { source?: { path?: string }; destinations?: Record<string, { objectKey?: string }> }>;
}

/** Folders of the assembly's assets by the object key under which a deployment would upload them. */
export function assetFolders(assemblyDir: string): Map<string, string> {
  const folders = new Map<string, string>();
  for (const name of readdirSync(assemblyDir).filter((file) => file.endsWith('.assets.json'))) {
    const manifest = JSON.parse(readFileSync(join(assemblyDir, name), 'utf8')) as AssetManifest;
    for (const { source, destinations } of Object.values(manifest.files ?? {})) {
      for (const { objectKey } of Object.values(destinations ?? {}))
        if (objectKey && source?.path) folders.set(objectKey, resolve(assemblyDir, source.path));
    }
  }
  return folders;
}

/** The folder of a function's or layer's code. @throws if it is no folder asset of the assembly and no inline code. */
export function codeFolder(
  content: unknown,
  assets: ReadonlyMap<string, string>,
  options: { who: string; inlineDir: string },
): string {
  const inline = textAt(content, 'ZipFile');
  if (inline !== undefined) {
    const folder = join(options.inlineDir, createHash('sha256').update(inline).digest('hex').slice(0, 16));
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'index.js'), inline);
    markCommonJs(folder);
    return folder;
  }
  const key = textAt(content, 'S3Key');
  const folder = key === undefined ? undefined : assets.get(key);
  if (!folder) throw new Error(`${options.who}: its code (${JSON.stringify(at(content))}) is no asset of the assembly`);
  if (!existsSync(folder) || !statSync(folder).isDirectory())
    throw new Error(`${options.who}: ${folder} is not a folder; only folder assets are run locally`);
  markCommonJs(folder);
  return folder;
}

/** Lambda reads a bare `.js` as CommonJS; here the repository's package.json above would make it a module. */
function markCommonJs(folder: string): void {
  const file = join(folder, 'package.json');
  if (!existsSync(file)) writeFileSync(file, '{"type":"commonjs"}\n');
}

/** `/opt` of a function: its layers laid over each other in order. */
export async function layersFolder(layers: readonly string[], folder: string): Promise<string> {
  const [only] = layers;
  if (layers.length === 1 && only !== undefined) return only;
  await rm(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const layer of layers) await cp(layer, folder, { recursive: true, force: true });
  return folder;
}

/** A variable's value with the container's paths turned into folders of this machine. */
export function mapContainerPaths(value: string, folders: Readonly<Record<string, string>>): string {
  return value
    .split(':')
    .map((part) => {
      const root = Object.keys(folders).find((path) => part === path || part.startsWith(`${path}/`));
      return root === undefined ? part : folders[root] + part.slice(root.length);
    })
    .join(':');
}
