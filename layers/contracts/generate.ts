import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { openApiDescription } from './api/openapi.ts';
import { avroSchemas } from './avro/from-contract.ts';
import { type Releases, withCurrent } from './avro/release.ts';
import { DEFAULT_GRID_SETTINGS, gridSettingsSchema } from './settings/grid-settings.ts';

/** Writes what is generated from the contracts; with `--check` it only compares, and fails if a file is stale. */
const ROOT = join(import.meta.dirname, '../..');
const RELEASED = 'layers/contracts/avro/released.ts';

const indented = (value: unknown): string => JSON.stringify(value, null, 2);

const generated: Readonly<Record<string, () => string>> = {
  'docs/api/openapi.json': () => `${indented(openApiDescription())}\n`,
  'docs/settings/default.json': () => `${indented(DEFAULT_GRID_SETTINGS)}\n`,
  'docs/settings/schema.json': () => `${indented(gridSettingsSchema())}\n`,
  [RELEASED]: releasedSchemas,
};

const contentOf = (path: string): string | undefined => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
};

/** The released Avro schemas, with a new version of what has changed. A change that breaks a reader is not written. */
function releasedSchemas(): string {
  const before = contentOf(join(ROOT, RELEASED)) ?? '= {}';
  const released = JSON.parse(before.slice(before.indexOf('= {') + 2).replace(/ as const;\s*$/, '')) as Releases;
  const { releases, breaks } = withCurrent(released, avroSchemas());
  if (breaks.length === 0)
    return `// Written by npm run generate; versions are only added.\nexport const RELEASED_SCHEMAS = ${indented(releases)} as const;\n`;
  console.error(`Avro schemas: a change breaks readers\n${breaks.map((each) => `  ${each}`).join('\n')}`);
  process.exitCode = 1;
  return before;
}

const checking = process.argv.includes('--check');
for (const [name, describe] of Object.entries(generated)) {
  const path = join(ROOT, name);
  const text = describe();
  if (contentOf(path) === text) continue;
  if (checking) {
    console.error(`${relative(process.cwd(), path)} is stale: npm run generate`);
    process.exitCode = 1;
  } else {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    console.log(`wrote ${relative(process.cwd(), path)}`);
  }
}
