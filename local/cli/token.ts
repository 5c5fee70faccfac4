import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { readClients } from '../cognito/clients-file.ts';
import type { LocalUser } from '../cognito/local-users.ts';
import { machineSignIn, signIn } from './sign-in.ts';

const HELP = `npm run -s token -- GROUP

  Prints an access token of the running local stack, for curl:

    curl -H "Authorization: $(npm run -s token -- viewer)" "$API/system/load"

  GROUP       viewer, analyst, operator or admin: signs in as that group's local user (code flow with PKCE);
              headend: the head-end system (client credentials, scope grid/ingest)
  --help      this text
`;

/** The name under which the machine client is asked for. */
const MACHINE = 'headend';

async function token(name: string): Promise<string> {
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

const [name, ...more] = process.argv.slice(2);
if (name === '--help' || name === '-h') {
  process.stdout.write(HELP);
} else if (!name || more.length > 0 || name.startsWith('-')) {
  process.stderr.write(HELP);
  process.exitCode = 2;
} else {
  try {
    process.stdout.write(`${await token(name)}\n`);
  } catch (error) {
    const refused = error instanceof TypeError && error.message === 'fetch failed';
    const text = refused
      ? 'The local stack does not answer. Is it running? Start it with: npm start'
      : (error as Error).message;
    process.stderr.write(`${text}\n`);
    process.exitCode = 1;
  }
}
