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
  statSync,
  writeFileSync,
} from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { buildSync } from 'esbuild';

/** Root of the repository. */
const ROOT = resolve(import.meta.dirname, '../..');
const BUNDLES = join(ROOT, '.cache', 'bundles');

const DAY_MS = 86_400_000;

/** Part of every bundle's fingerprint: a change of these options rebuilds all of them. */
const OPTIONS = {
  bundle: true,
  platform: 'node',
  target: 'node24',
  format: 'esm',
  // Errors and traces in the logs keep the names of the source.
  keepNames: true,
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: 'none',
  mainFields: ['module', 'main'],
  loader: { '.sql': 'text', '.json': 'json' },
  banner: {
    // CommonJS packages inside an ES module still ask for these.
    js: [
      "import { createRequire as __createRequire } from 'node:module';",
      'const require = __createRequire(import.meta.url);',
      'const __filename = import.meta.filename; const __dirname = import.meta.dirname;',
    ].join(''),
  },
} as const;

/** A folder or file that travels beside the bundle, read at run time relative to `import.meta.dirname`. */
export interface BundledFiles {
  /** Folder name inside the asset. */
  readonly to: string;
  /** Absolute path. */
  readonly from: string;
}

/**
 * Bundles `functions/<name>/handler.ts` whole (AWS SDK included) into a folder ready to be an asset.
 * @returns absolute path of the folder, which holds `index.mjs`.
 * @throws Error if the function has no handler, or esbuild's errors.
 */
export function bundleFunction(name: string, files: readonly BundledFiles[] = []): string {
  const entry = join(ROOT, 'functions', name, 'handler.ts');
  if (!existsSync(entry)) throw new Error(`functions/${name}/handler.ts does not exist, but a stack deploys it`);
  return bundle({ name: name.replace('/', '-'), entry, outfile: 'index.mjs', files });
}

/**
 * Bundles `models/<name>/main.ts` whole beside the model's Dockerfile: the build context of its image.
 * @returns absolute path of the folder, which holds `main.mjs` and `Dockerfile`.
 */
export function bundleModel(name: string): string {
  const folder = join(ROOT, 'models', name);
  const files = [{ to: 'Dockerfile', from: join(folder, 'Dockerfile') }];
  return bundle({ name: `model-${name}`, entry: join(folder, 'main.ts'), outfile: 'main.mjs', files });
}

interface Bundle {
  name: string;
  entry: string;
  outfile: string;
  files: readonly BundledFiles[];
}

/**
 * The folder is named by what went into it, so what is unchanged is not bundled again and two processes never write to one folder.
 */
function bundle({ name, entry, outfile, files }: Bundle): string {
  const record = join(BUNDLES, `${name}.inputs.json`);
  const known = folderOf(name, readInputs(record), files);
  if (known && existsSync(known)) return known;

  mkdirSync(BUNDLES, { recursive: true });
  const building = mkdtempSync(join(BUNDLES, 'building-'));
  const inputs = build(entry, join(building, outfile));
  for (const { to, from } of files) cpSync(from, join(building, to), { recursive: true });
  const folder = folderOf(name, inputs, files) ?? building;
  publish(building, folder);
  forgetOld(name, folder);
  writeFileSync(`${building}.json`, JSON.stringify(inputs));
  renameSync(`${building}.json`, record);
  return folder;
}

/** Fingerprint of a folder's files, names and contents, or of one file. Hexadecimal. */
export function folderFingerprint(folder: string): string {
  const hash = createHash('sha256');
  if (statSync(folder).isFile()) return hash.update(readFileSync(folder)).digest('hex');
  for (const file of readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()) {
    hash.update(relative(folder, file)).update('\0').update(readFileSync(file)).update('\0');
  }
  return hash.digest('hex');
}

/** @returns the files of the repository that went in, relative to its root. */
function build(entry: string, outfile: string): string[] {
  const { metafile } = buildSync({
    ...OPTIONS,
    mainFields: [...OPTIONS.mainFields],
    entryPoints: [entry],
    outfile,
    absWorkingDir: ROOT,
    metafile: true,
    logLevel: 'warning',
  });
  return Object.keys(metafile.inputs).filter((input) => !input.includes('node_modules/'));
}

/** Another process may have finished the same bundle first: then it is as good. */
function publish(building: string, folder: string): void {
  try {
    renameSync(building, folder);
  } catch (failure) {
    if (!existsSync(folder)) throw failure;
    rmSync(building, { recursive: true });
  }
}

/** Bundles of a function that are older than a day: nobody is synthesising from them any more. */
function forgetOld(name: string, current: string): void {
  const own = new RegExp(`^${name}-[0-9a-f]{16}$`);
  for (const entry of readdirSync(BUNDLES)) {
    const folder = join(BUNDLES, entry);
    if (folder !== current && own.test(entry) && Date.now() - statSync(folder).mtimeMs > DAY_MS)
      rmSync(folder, { recursive: true, force: true });
  }
}

function readInputs(record: string): string[] | undefined {
  return existsSync(record) ? (JSON.parse(readFileSync(record, 'utf8')) as string[]) : undefined;
}

/** Installed packages are stood for by the lock file: reading each of their files would cost what bundling costs. */
function folderOf(
  name: string,
  inputs: readonly string[] | undefined,
  files: readonly BundledFiles[],
): string | undefined {
  if (!inputs) return undefined;
  const hash = createHash('sha256').update(JSON.stringify(OPTIONS));
  for (const file of ['package-lock.json', ...inputs]) {
    const path = join(ROOT, file);
    hash
      .update(file)
      .update('\0')
      .update(existsSync(path) ? readFileSync(path) : 'absent')
      .update('\0');
  }
  for (const { to, from } of files) hash.update(to).update(folderFingerprint(from));
  return join(BUNDLES, `${name}-${hash.digest('hex').slice(0, 16)}`);
}
