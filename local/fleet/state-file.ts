import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** JSON of a file, or undefined if there is none. */
export function readState<T>(file: string): T | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as T;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Whole or not at all: a crash leaves the former file. */
export function writeState(file: string, state: unknown, mode = 0o644): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(`${file}.tmp`, typeof state === 'string' ? state : `${JSON.stringify(state)}\n`, { mode });
  renameSync(`${file}.tmp`, file);
}
