import { existsSync, mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { smartGridApp } from '../lib/stacks/smart-grid-app.ts';

const root = resolve(import.meta.dirname, '..');
const site = join(root, '.cache', 'site');

if (existsSync(join(root, 'web', 'build.ts')) || process.env.SMART_GRID_ALLOW_MISSING !== '1') {
  const { buildSite } = await import(join(root, 'web', 'build.ts'));
  await buildSite(site).catch((failure: unknown) => {
    if (process.env.SMART_GRID_ALLOW_MISSING !== '1') throw failure;
    mkdirSync(site, { recursive: true });
  });
} else mkdirSync(site, { recursive: true });
smartGridApp({ outdir: resolve(process.env.CDK_OUTDIR ?? join(root, 'cdk.out')), site }).app.synth();
