import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What `.local/endpoints.json` holds; file paths are relative to the repository. */
export interface Endpoints {
  /** Base to which `/meters` is appended. */
  api: string;
  web: string;
  console: string;
  mqtts: { host: string; port: number; ca: string };
  device: { meterId: string; clientId: string; certificate: string; key: string; topic: string; example: string };
  users: { group: string; username: string; password: string }[];
}

declare module '../kernel/types.ts' {
  interface Shared {
    /** Each part puts its own field here when it is ready (file paths absolute or relative to the repository). */
    endpoints?: Partial<Endpoints>;
  }
}

const fileIn = (stateDir: string): string => join(stateDir, 'endpoints.json');

/** Written whole and only when everything is ready: who finds it may use it. */
export function writeEndpoints(stateDir: string, endpoints: Partial<Endpoints>): void {
  const file = fileIn(stateDir);
  writeFileSync(`${file}.new`, `${JSON.stringify(endpoints, null, 2)}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

export function removeEndpoints(stateDir: string): void {
  rmSync(fileIn(stateDir), { force: true });
}
