import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export type Document = Record<string, unknown>;

/** What SageMaker remembers. Documents have the shape in which the API describes them. */
export interface Kept {
  models: Record<string, Document>;
  configs: Record<string, Document>;
  /** By endpoint: what it serves, and the template's fingerprint it was last told. */
  endpoints: Record<string, Document>;
  jobs: Record<string, Document>;
  groups: Record<string, Document>;
  packages: Record<string, Document>;
}

/** State on disk, replaced whole after each change. */
export class SageMakerState {
  readonly kept: Kept;
  readonly #file: string;

  constructor(folder: string) {
    mkdirSync(folder, { recursive: true });
    this.#file = join(folder, 'state.json');
    const empty: Kept = { models: {}, configs: {}, endpoints: {}, jobs: {}, groups: {}, packages: {} };
    this.kept = existsSync(this.#file) ? { ...empty, ...JSON.parse(readFileSync(this.#file, 'utf8')) } : empty;
  }

  save(): void {
    writeFileSync(`${this.#file}.new`, JSON.stringify(this.kept));
    renameSync(`${this.#file}.new`, this.#file);
  }
}
