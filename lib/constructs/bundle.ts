import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { buildSync } from 'esbuild';

/** Root of the repository. */
const ROOT = resolve(import.meta.dirname, '../..');
const BUNDLES = join(ROOT, '.cache', 'bundles');

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
 * Bundles `functions/<name>/handler.ts` whole (AWS SDK included) into a folder ready to be an asset. A bundle is
 * rebuilt only if the content of one of the files that went into it has changed.
 * @returns absolute path of the folder, which holds `index.mjs`.
 * @throws Error if the function has no handler, or esbuild's errors.
 */
export function bundleFunction(name: string, files: readonly BundledFiles[] = []): string {
  const entry = join(ROOT, 'functions', name, 'handler.ts');
  if (!existsSync(entry) && process.env.SMART_GRID_ALLOW_MISSING === '1') return missing(name);
  if (!existsSync(entry)) throw new Error(`functions/${name}/handler.ts does not exist, but a stack deploys it`);
  const folder = join(BUNDLES, name);
  const recordFile = `${folder}.inputs.json`;
  if (!isCurrent(recordFile, folder)) build(entry, folder, recordFile);
  for (const { to, from } of files) {
    rmSync(join(folder, to), { recursive: true, force: true });
    cpSync(from, join(folder, to), { recursive: true });
  }
  return folder;
}

/** Fingerprint of a folder's files: names and contents. Hexadecimal. */
export function folderFingerprint(folder: string): string {
  const hash = createHash('sha256');
  for (const file of readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()) {
    hash.update(relative(folder, file)).update('\0').update(readFileSync(file)).update('\0');
  }
  return hash.digest('hex');
}

function missing(name: string): string {
  const folder = join(BUNDLES, `missing-${name}`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(folder, 'index.mjs'),
    `export const handler = () => { throw new Error('functions/${name} is missing'); };`,
  );
  return folder;
}

function build(entry: string, folder: string, recordFile: string): void {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const { metafile } = buildSync({
    ...OPTIONS,
    mainFields: [...OPTIONS.mainFields],
    entryPoints: [entry],
    outfile: join(folder, 'index.mjs'),
    absWorkingDir: ROOT,
    metafile: true,
    logLevel: 'warning',
  });
  const own = Object.keys(metafile.inputs).filter((input) => !input.includes('node_modules/'));
  writeFileSync(recordFile, JSON.stringify({ inputs: own, fingerprint: fingerprint(own) }));
}

function isCurrent(recordFile: string, folder: string): boolean {
  if (!existsSync(recordFile) || !existsSync(join(folder, 'index.mjs'))) return false;
  const record = JSON.parse(readFileSync(recordFile, 'utf8')) as { inputs: string[]; fingerprint: string };
  return record.fingerprint === fingerprint(record.inputs);
}

/** Installed packages are stood for by the lock file: reading each of their files would cost what bundling costs. */
function fingerprint(inputs: readonly string[]): string {
  const hash = createHash('sha256').update(JSON.stringify(OPTIONS));
  for (const file of ['package-lock.json', ...inputs]) {
    const path = join(ROOT, file);
    hash
      .update(file)
      .update('\0')
      .update(existsSync(path) ? readFileSync(path) : 'absent')
      .update('\0');
  }
  return hash.digest('hex');
}
