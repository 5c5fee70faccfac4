import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildSync } from 'esbuild';

/** Address of the image, as a template would name it. */
export const MEAN_IMAGE = 'images:mean';

/** Puts the test model's image into an assembly, as an image asset of the CDK lies there. */
export function addMeanImage(assemblyDir: string): void {
  const context = join(assemblyDir, 'asset.mean');
  mkdirSync(context);
  buildSync({
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    entryPoints: [join(import.meta.dirname, '../../unit/models/mean-main.ts')],
    outfile: join(context, 'main.mjs'),
    logLevel: 'warning',
  });
  const dockerfile = ['FROM node:24-slim', 'WORKDIR /opt/program', 'COPY main.mjs ./', 'USER node'];
  writeFileSync(join(context, 'Dockerfile'), [...dockerfile, 'ENTRYPOINT ["node", "main.mjs"]'].join('\n'));
  const image = { source: { directory: 'asset.mean' }, destinations: { here: { imageTag: 'mean' } } };
  writeFileSync(join(assemblyDir, 'small.assets.json'), JSON.stringify({ dockerImages: { mean: image } }));
}
