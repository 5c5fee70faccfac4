import { join } from 'node:path';
import { signIn } from '../cli/sign-in.ts';
import { readClients } from '../cognito/clients-file.ts';
import type { Cloud } from '../kernel/types.ts';

/** A token is asked for anew after this; Cognito lets none live for less than five minutes. */
const FRESH_MS = 4 * 60_000;

/** Access tokens of this cloud's own users, by the same code flow as anybody's. */
export function tokensOf(cloud: Cloud): (group: string) => Promise<string> {
  const kept = new Map<string, { token: Promise<string>; at: number }>();
  return (group) => {
    const known = kept.get(group);
    if (known && cloud.clock() - known.at < FRESH_MS) return known.token;
    const token = ask(cloud, group);
    token.catch(() => kept.delete(group));
    kept.set(group, { token, at: cloud.clock() });
    return token;
  };
}

async function ask(cloud: Cloud, group: string): Promise<string> {
  const running = readClients(join(cloud.stateDir, 'cognito'));
  const client = running?.clients.find(({ flows }) => flows.includes('code'));
  const user = cloud.shared.cognito?.users.find((one) => one.group === group);
  if (!running || !client || !user) throw new Error(`the user pool has nobody to sign in as ${group}`);
  return (await signIn(running.url, client, { username: user.username, password: user.password })).access_token;
}
