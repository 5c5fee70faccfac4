import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { build } from 'esbuild';

export interface Asset {
  type: string;
  body: Uint8Array | string;
}

const root = join(import.meta.dirname, '../..');
const types: Record<string, string> = {
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  woff2: 'font/woff2',
};

const html = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><title>Console · Smart Grid Analytics</title>
<link rel="icon" href="/favicon.svg"><link rel="stylesheet" href="/look.css"><link rel="stylesheet" href="/console.css">
<script type="module" src="/console.js"></script></head><body><div id="app"></div></body></html>`;

/** The page, bundled once on its first request (about 50 ms); the dashboard's own style sheet gives it its look. */
export const pageAssets = async (): Promise<Map<string, Asset>> => {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: {
      console: 'local/console/page/main.tsx',
      look: 'web/src/styles/main.css',
    },
    outdir: '/',
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    assetNames: '[name]',
    loader: { '.woff2': 'file' },
  });
  const assets = new Map<string, Asset>([
    ['/index.html', { type: 'text/html; charset=utf-8', body: html }],
    ['/favicon.svg', { type: 'image/svg+xml', body: await readFile(join(root, 'web/public/favicon.svg')) }],
  ]);
  for (const { path, contents } of outputFiles) {
    const name = basename(path);
    assets.set(`/${name}`, { type: types[name.split('.').at(-1) ?? ''] ?? 'application/octet-stream', body: contents });
  }
  return assets;
};
