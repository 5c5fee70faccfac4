import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

/** Who may import whom (docs/architecture.md, "The tree"): folders of this repository and packages, by the importing folder. */
const RULES: readonly { from: string; folders: readonly string[]; packages: readonly RegExp[] }[] = [
  { from: 'layers/contracts', folders: ['layers/contracts'], packages: [/^zod$/, /^node:/] },
  { from: 'layers/domain', folders: ['layers/domain', 'layers/contracts'], packages: [/^node:(buffer|crypto|zlib)$/] },
  {
    from: 'layers/runtime',
    folders: ['layers/runtime', 'layers/contracts', 'layers/domain'],
    packages: [/^@middy\//, /^@aws-lambda-powertools\//, /^aws-lambda$/, /^zod$/, /^node:/],
  },
  {
    from: 'layers/adapters',
    folders: ['layers/adapters', 'layers/contracts', 'layers/domain'],
    packages: [/^@aws-sdk\//, /^@smithy\//, /^pg$/, /^node:/],
  },
  { from: 'models', folders: ['models', 'layers/domain', 'layers/contracts'], packages: [/^zod$/, /^node:/] },
  { from: 'functions', folders: ['functions', 'layers'], packages: [/./] },
  { from: 'lib', folders: ['lib', 'layers/contracts'], packages: [/./] },
  { from: 'bin', folders: ['lib', 'web'], packages: [/./] },
  { from: 'local/fleet', folders: ['local', 'layers/contracts'], packages: [/./] },
  { from: 'local/pack', folders: ['local/pack', 'layers/contracts', 'layers/domain'], packages: [/./] },
  { from: 'local', folders: ['local'], packages: [/./] },
  { from: 'web', folders: ['web', 'layers/contracts'], packages: [/./] },
];

const ROOT = join(import.meta.dirname, '../../..');
const IMPORT =
  /(?:^|\n)\s*(?:import|export)\s[^'"`;]*?from\s*['"]([^'"]+)['"]|(?:^|\n)\s*import\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)/g;

const sources = (folder: string): string[] =>
  readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name));

const importsOf = (text: string): string[] =>
  [...text.matchAll(IMPORT)].map((match) => match[1] ?? match[2] ?? match[3] ?? '');

/** What is wrong with the imports of a file, a sentence each. */
const violations = (file: string, text: string): string[] => {
  const path = relative(ROOT, file);
  const rule = RULES.find(({ from }) => path.startsWith(`${from}/`));
  if (rule === undefined) return [];
  return importsOf(text).flatMap((target) => {
    if (!target.startsWith('.')) {
      return rule.packages.some((allowed) => allowed.test(target)) ? [] : [`${path} imports the package ${target}`];
    }
    const resolved = relative(ROOT, join(dirname(file), target));
    const within = rule.folders.some((folder) => resolved.startsWith(`${folder}/`));
    const otherFunction =
      path.startsWith('functions/') && resolved.startsWith('functions/') && functionOf(path) !== functionOf(resolved);
    return within && !otherFunction ? [] : [`${path} imports ${resolved}`];
  });
};

const functionOf = (path: string): string => path.split('/').slice(0, 3).join('/');

describe('import rules', () => {
  const files = [...new Set(RULES.map(({ from }) => from.split('/')[0] ?? ''))].flatMap(sources);

  test('there are files under every rule', () => {
    for (const { from } of RULES) expect(files.some((file) => relative(ROOT, file).startsWith(`${from}/`))).toBe(true);
  });

  test('a breach is seen', () => {
    const text = "import { x } from '../../functions/api/meters/handler.ts';\nimport pg from 'pg';";
    expect(violations(join(ROOT, 'layers/domain/probe.ts'), text)).toEqual([
      'layers/domain/probe.ts imports functions/api/meters/handler.ts',
      'layers/domain/probe.ts imports the package pg',
    ]);
  });

  test('no file breaks them', () => {
    expect(files.flatMap((file) => violations(file, readFileSync(file, 'utf8')))).toEqual([]);
  });

  test("zod is imported whole: `import * as z from 'zod'` bundles to a fifth of `import { z }`", () => {
    const byName = files.filter((file) =>
      /import\s+(?!type)\{[^}]*\bz\b[^}]*\}\s*from\s*'zod'/.test(readFileSync(file, 'utf8')),
    );
    expect(byName).toEqual([]);
  });
});
