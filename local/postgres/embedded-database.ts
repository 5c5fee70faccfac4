import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { postgis } from '@electric-sql/pglite-postgis';

const extensions = { postgis };
const require = createRequire(import.meta.url);

const versionOf = (name: string): string => {
  const file = join(dirname(require.resolve(name)), '..', 'package.json');
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
};

/** A data folder as `initdb` and `CREATE EXTENSION postgis` leave it; the two together take eight seconds. */
const IMAGE = join(
  import.meta.dirname,
  '../../.cache/embedded-postgres',
  `${versionOf('@electric-sql/pglite')}-${versionOf('@electric-sql/pglite-postgis')}.tar`,
);

/**
 * PostgreSQL with PostGIS in WebAssembly. A new database begins as a copy of an image that the first one ever leaves behind.
 * @param dataDir where it keeps its data; none: in memory.
 */
export async function openEmbedded(dataDir?: string): Promise<PGlite> {
  if (dataDir === undefined) return create({});
  const begun = `${dataDir}.begun`; // still there after a crash in the middle: what is in the folder is no database
  if (existsSync(join(dataDir, 'PG_VERSION')) && !existsSync(begun)) return PGlite.create({ dataDir, extensions });
  mkdirSync(dirname(begun), { recursive: true });
  writeFileSync(begun, '');
  rmSync(dataDir, { recursive: true, force: true });
  const database = await create({ dataDir });
  rmSync(begun);
  return database;
}

async function create(where: { dataDir?: string }): Promise<PGlite> {
  if (existsSync(IMAGE)) {
    return PGlite.create({ ...where, extensions, loadDataDir: new Blob([readFileSync(IMAGE)]) });
  }
  const database = await PGlite.create({ ...where, extensions });
  await database.exec('CREATE EXTENSION postgis');
  keep(new Uint8Array(await (await database.dumpDataDir('none')).arrayBuffer()));
  return database;
}

/** The image appears whole: another process may do the same at the same time. */
function keep(bytes: Uint8Array): void {
  mkdirSync(dirname(IMAGE), { recursive: true });
  const own = `${IMAGE}.${process.pid}`;
  writeFileSync(own, bytes);
  renameSync(own, IMAGE);
}
