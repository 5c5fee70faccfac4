import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { build } from 'esbuild';
import { routesById } from '../layers/contracts/api/routes.ts';

const webDir = import.meta.dirname;

/** How each route is called, taken from the one declaration; zod itself stays out of the browser (it would double the bundle). */
const calls = Object.fromEntries(Object.entries(routesById).map(([id, { method, path }]) => [id, { method, path }]));

const page = (script: string, style: string, font: string) => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="description" content="Load, loading and readings of the grid, live">
<title>Smart Grid Analytics</title>
<link rel="icon" href="/favicon.svg" type="image/svg+xml">
<link rel="preload" href="/assets/${font}" as="font" type="font/woff2" crossorigin>
<link rel="stylesheet" href="/assets/${style}">
<script type="module" src="/assets/${script}"></script>
</head>
<body><div id="app"></div><noscript>This dashboard needs JavaScript.</noscript></body>
</html>
`;

/**
 * Bundles the dashboard into `outDir` (emptied first): `index.html`, `favicon.svg` and `assets/` with content-hashed names, so
 * that assets may be cached for ever and the same source gives the same bytes. `config.json` is written at deployment.
 * @throws when a module does not compile.
 */
export const buildSite = async (outDir: string): Promise<void> => {
  await rm(outDir, { recursive: true, force: true });
  await mkdir(outDir, { recursive: true });
  const bundle = await build({
    absWorkingDir: webDir,
    entryPoints: ['src/main.tsx'],
    outdir: join(outDir, 'assets'),
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    entryNames: '[name]-[hash]',
    assetNames: '[name]-[hash]',
    loader: { '.woff2': 'file' },
    legalComments: 'external',
    define: { ROUTES: JSON.stringify(calls) },
    metafile: true,
    logLevel: 'warning',
  });
  const names = Object.keys(bundle.metafile.outputs).map((path) => basename(path));
  const named = (ending: string): string => {
    const name = names.find((candidate) => candidate.endsWith(ending));
    if (name === undefined) throw new Error(`the bundle holds no ${ending}`);
    return name;
  };
  await cp(join(webDir, 'public'), outDir, { recursive: true });
  await writeFile(join(outDir, 'index.html'), page(named('.js'), named('.css'), named('.woff2')));
};

if (process.argv[1] === import.meta.filename) {
  const outDir = resolve(process.argv[2] ?? join(webDir, '../.cache/web'));
  await buildSite(outDir);
  console.log(`built ${outDir}`);
}
