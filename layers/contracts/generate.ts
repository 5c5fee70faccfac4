import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { openApiDescription } from './api/openapi.ts';

/** Writes what is generated from the contracts; with `--check` it only compares, and fails if a file is stale. */
const ROOT = join(import.meta.dirname, '../..');

const generated: Readonly<Record<string, () => unknown>> = {
  'docs/api/openapi.json': openApiDescription,
};

const contentOf = (path: string): string | undefined => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
};

const checking = process.argv.includes('--check');
for (const [name, describe] of Object.entries(generated)) {
  const path = join(ROOT, name);
  const text = `${JSON.stringify(describe(), null, 2)}\n`;
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
