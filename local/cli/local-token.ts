import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { readClients } from '../cognito/clients-file.ts';
import type { LocalUser } from '../cognito/local-users.ts';
import { machineSignIn, signIn } from './sign-in.ts';

/** The name under which the machine client is asked for. */
const MACHINE = 'headend';

/** An access token of the running local stack: of a group's user, or of the head-end. @throws Error that says what to do. */
export async function localToken(name: string): Promise<string> {
  const stateDir = resolve(import.meta.dirname, '../..', process.env.GRID_STATE_DIR ?? '.local');
  const running = readClients(join(stateDir, 'cognito'));
  const users = usersOf(join(stateDir, 'endpoints.json'));
  if (!running || !users) throw new Error('The local stack is not running. Start it with: npm start');
  const machine = name === MACHINE;
  const client = running.clients.find(({ flows }) => flows.includes(machine ? 'client_credentials' : 'code'));
  if (!client) throw new Error(`The user pool has no client for ${name}.`);
  if (machine) return (await machineSignIn(running.url, client)).access_token;
  const user = users.find(({ group }) => group === name);
  if (!user)
    throw new Error(`There is no group ${name}. Groups: ${[...users.map(({ group }) => group), MACHINE].join(', ')}`);
  return (await signIn(running.url, client, { username: user.username, password: user.password })).access_token;
}

/** The file exists only while everything is ready. */
function usersOf(file: string): LocalUser[] | undefined {
  try {
    return (JSON.parse(readFileSync(file, 'utf8')) as { users: LocalUser[] }).users;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
