import { posix } from 'node:path';

/** What of a Dockerfile decides how its container runs. */
export interface Dockerfile {
  /** Major version of Node that the base image holds. */
  nodeMajor: number;
  workdir: string;
  copies: { from: readonly string[]; to: string }[];
  env: Record<string, string>;
  user: string | undefined;
  entrypoint: readonly string[];
}

/**
 * Reads the instructions that our images use.
 * @throws for an instruction it cannot honour: the container would run here other than in the cloud.
 * Source: https://docs.docker.com/reference/dockerfile/
 */
export function parseDockerfile(text: string): Dockerfile {
  const parsed: Dockerfile = { nodeMajor: 0, workdir: '/', copies: [], env: {}, user: undefined, entrypoint: [] };
  const lines = text.replaceAll(/\\\r?\n/g, ' ').split(/\r?\n/);
  for (const line of lines.map((each) => each.trim())) {
    if (line === '' || line.startsWith('#')) continue;
    const [, instruction = '', rest = ''] = /^(\S+)\s*(.*)$/.exec(line) ?? [];
    const read = READERS[instruction.toUpperCase()];
    if (!read) throw new Error(`${instruction} of a Dockerfile is not run here: ${line}`);
    read(parsed, rest);
  }
  if (parsed.nodeMajor === 0) throw new Error('the Dockerfile has no FROM');
  if (parsed.entrypoint.length === 0) throw new Error('the Dockerfile has no ENTRYPOINT');
  return parsed;
}

const READERS: Readonly<Record<string, (parsed: Dockerfile, rest: string) => void>> = {
  FROM(parsed, rest) {
    if (parsed.nodeMajor !== 0) throw new Error('a Dockerfile of several stages is not run here');
    const major = /(?:^|\/)node:(\d+)/.exec(rest)?.[1];
    if (!major) throw new Error(`only Node's own images are run here, not ${rest}`);
    parsed.nodeMajor = Number(major);
  },
  WORKDIR(parsed, rest) {
    parsed.workdir = posix.resolve(parsed.workdir, rest);
  },
  COPY(parsed, rest) {
    const words = rest.startsWith('[') ? (JSON.parse(rest) as string[]) : rest.split(/\s+/);
    const flag = words.find((word) => word.startsWith('--') && !word.startsWith('--chown='));
    if (flag) throw new Error(`COPY ${flag} is not run here`);
    const paths = words.filter((word) => !word.startsWith('--'));
    const to = paths.pop();
    if (to === undefined || paths.length === 0) throw new Error(`COPY ${rest} lacks a source or a destination`);
    const folder = to.endsWith('/') || to === '.' || paths.length > 1;
    parsed.copies.push({ from: paths, to: posix.resolve(parsed.workdir, to) + (folder ? '/' : '') });
  },
  ENV(parsed, rest) {
    for (const [, name = '', quoted, plain] of rest.matchAll(/([A-Za-z_]\w*)=(?:"([^"]*)"|(\S+))/g)) {
      parsed.env[name] = quoted ?? plain ?? '';
    }
  },
  USER(parsed, rest) {
    parsed.user = rest;
  },
  ENTRYPOINT(parsed, rest) {
    if (!rest.startsWith('[')) throw new Error('an ENTRYPOINT in shell form would not pass SIGTERM on: write a list');
    parsed.entrypoint = JSON.parse(rest) as string[];
  },
  LABEL() {},
  EXPOSE() {},
};
