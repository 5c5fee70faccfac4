import { join } from 'node:path';
import type { Addresses } from '../cloudfront/addresses.ts';
import { readState, writeState } from './state-file.ts';
import type { UserPool } from './user-pool.ts';

/** What a command on this machine needs to get tokens of its own. */
export interface ClientsFile {
  /** Base of the sign-in page and token endpoint. */
  url: string;
  poolId: string;
  issuer: string;
  clients: {
    clientId: string;
    secret?: string;
    flows: readonly string[];
    scopes: readonly string[];
    redirectUri?: string;
  }[];
}

const fileIn = (folder: string): string => join(folder, 'clients.json');

/** Written at each start, readable by its owner only: it holds client secrets. */
export function writeClients(
  folder: string,
  { url, pool, addresses }: { url: string; pool: UserPool; addresses: Addresses },
): void {
  const clients = [...pool.clients.values()].map(({ clientId, secret, flows, scopes, callbackUrls: [callback] }) => ({
    clientId,
    secret,
    flows,
    scopes,
    redirectUri: callback && addresses.translate(callback),
  }));
  writeState(fileIn(folder), { url, poolId: pool.id, issuer: pool.issuer, clients } satisfies ClientsFile);
}

export const readClients = (folder: string): ClientsFile | undefined => readState<ClientsFile>(fileIn(folder));
