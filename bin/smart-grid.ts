import { join, resolve } from 'node:path';
import { smartGridApp } from '../lib/stacks/smart-grid-app.ts';
import { buildSite } from '../web/build.ts';

const root = resolve(import.meta.dirname, '..');
const site = join(root, '.cache', 'site');

await buildSite(site);
smartGridApp({ outdir: resolve(process.env.CDK_OUTDIR ?? join(root, 'cdk.out')), site }).app.synth();
