import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { type Dockerfile, parseDockerfile } from './dockerfile.ts';

interface DockerAssets {
  dockerImages?: Record<
    string,
    {
      source?: { directory?: string; dockerFile?: string };
      destinations?: Record<string, { repositoryName?: string; imageTag?: string }>;
    }
  >;
}

/** An image of the assembly: its build context and what its Dockerfile says. */
export interface Image {
  context: string;
  dockerfile: Dockerfile;
}

/** The image that a deployment would push under this address. @throws if it is no image asset of the assembly. */
export function imageAt(uri: string, assemblyDir: string): Image {
  for (const name of readdirSync(assemblyDir).filter((file) => file.endsWith('.assets.json'))) {
    const assets = JSON.parse(readFileSync(join(assemblyDir, name), 'utf8')) as DockerAssets;
    for (const { source, destinations } of Object.values(assets.dockerImages ?? {})) {
      const tags = Object.values(destinations ?? {}).map(({ imageTag }) => imageTag);
      if (!source?.directory || !tags.some((tag) => tag !== undefined && uri.endsWith(`:${tag}`))) continue;
      const context = resolve(assemblyDir, source.directory);
      const dockerfile = readFileSync(join(context, source.dockerFile ?? 'Dockerfile'), 'utf8');
      return { context, dockerfile: parseDockerfile(dockerfile) };
    }
  }
  throw new Error(`${uri} is no image of the assembly`);
}

/** Lays out a container's file system in an empty folder: what the Dockerfile copies, and nothing else. */
export function layOut({ context, dockerfile }: Image, root: string): void {
  mkdirSync(join(root, dockerfile.workdir), { recursive: true });
  for (const { from, to } of dockerfile.copies) {
    for (const path of from) {
      const source = resolve(context, path);
      if (!source.startsWith(context) || !existsSync(source)) throw new Error(`COPY ${path}: not in the build context`);
      // As Docker does: a folder's contents are copied, a file lands under its own name in a folder.
      const target =
        to.endsWith('/') && !statSync(source).isDirectory() ? join(root, to, basename(path)) : join(root, to);
      cpSync(source, target, { recursive: true });
    }
  }
}
