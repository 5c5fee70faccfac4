import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { isAbsolute, join, relative } from 'node:path';
import type {} from '../cognito/index.ts';
import type {} from '../glue/index.ts';
import type {} from '../iot/index.ts';
import type { Cloud } from '../kernel/types.ts';

/** What `.local/endpoints.json` holds; file paths are relative to the repository. */
export interface Endpoints {
  /** Base to which `/meters` is appended. */
  api: string;
  web: string;
  console: string;
  mqtts: { host: string; port: number; ca: string };
  device: { meterId: string; clientId: string; certificate: string; key: string; topic: string; example: string };
  /** Ids of the Avro schemas' newest versions, by message kind. */
  schemas: Record<string, string>;
  users: { group: string; username: string; password: string }[];
}

declare module '../kernel/types.ts' {
  interface Shared {
    /** Each part puts its own field here when it is ready (file paths absolute or relative to the repository). */
    endpoints?: Partial<Endpoints>;
  }
}

/** What the parts have published, file paths made relative to the repository. */
export function endpointsOf(cloud: Cloud, root: string): Partial<Endpoints> {
  const { iot, cognito, schemaVersions, endpoints = {} } = cloud.shared;
  const found: Partial<Endpoints> = {
    ...(iot ? { mqtts: { host: iot.host, port: iot.port, ca: iot.caFile } } : {}),
    ...(cognito
      ? { users: cognito.users.map(({ group, username, password }) => ({ group, username, password })) }
      : {}),
    ...(schemaVersions
      ? { schemas: Object.fromEntries(Object.entries(schemaVersions()).map(([kind, ids]) => [kind, ids.at(-1) ?? ''])) }
      : {}),
    ...endpoints,
  };
  const inside = (file: string) => (isAbsolute(file) ? relative(root, file) : file);
  if (found.mqtts) found.mqtts = { ...found.mqtts, ca: inside(found.mqtts.ca) };
  const { device } = found;
  if (device) found.device = { ...device, certificate: inside(device.certificate), key: inside(device.key) };
  return found;
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
