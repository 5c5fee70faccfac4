import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { readState, writeState } from './state-file.ts';
import type { UserPool } from './user-pool.ts';

export interface LocalUser {
  group: string;
  username: string;
  password: string;
}

/** A password of 20 characters that holds every class a policy may ask for. */
const randomPassword = (): string => `${randomBytes(15).toString('base64url')}-Aa1`;

/**
 * One person per group of the pool, as the first-administrator step makes them in a deployed stage. Their passwords are
 * made at random on this machine and kept in `.local/cognito/users.json`, readable by its owner only.
 */
export function seedLocalUsers(pool: UserPool, stateDir: string): LocalUser[] {
  const file = join(stateDir, 'users.json');
  const known = readState<LocalUser[]>(file) ?? [];
  const users = [...pool.groups.keys()].map((group): LocalUser => {
    const kept = known.find((user) => user.group === group);
    if (kept && pool.find(kept.username)) return kept;
    const user = kept ?? { group, username: group, password: randomPassword() };
    const person =
      pool.find(user.username) ??
      pool.create(user.username, {
        email: `${group}@smart-grid.example`,
        email_verified: 'true',
        name: `Local ${group}`,
      });
    pool.setPassword(person, user.password, true);
    person.groups = [group];
    pool.touch(person);
    return user;
  });
  if (JSON.stringify(users) !== JSON.stringify(known)) writeState(file, users);
  return users;
}
