import { createHash, randomBytes, randomUUID, scryptSync, timingSafeEqual } from 'node:crypto';
import { join } from 'node:path';
import { AwsFailure } from '../kernel/types.ts';
import { readState, writeState } from './state-file.ts';

export interface PasswordPolicy {
  MinimumLength?: number;
  RequireLowercase?: boolean;
  RequireUppercase?: boolean;
  RequireNumbers?: boolean;
  RequireSymbols?: boolean;
}

export type UserStatus = 'CONFIRMED' | 'FORCE_CHANGE_PASSWORD';

export interface PoolUser {
  username: string;
  sub: string;
  attributes: Record<string, string>;
  groups: string[];
  enabled: boolean;
  status: UserStatus;
  password?: { salt: string; hash: string };
  createdAt: number;
  modifiedAt: number;
  /** Set by AdminUserGlobalSignOut: refresh tokens issued before are void. */
  signedOutAt?: number;
}

export interface RefreshGrant {
  username: string;
  clientId: string;
  scopes: string[];
  issuedAt: number;
  authTime: number;
  originJti: string;
  expiresAt: number;
}

export interface PoolClient {
  clientId: string;
  name: string;
  secret?: string;
  callbackUrls: readonly string[];
  logoutUrls: readonly string[];
  flows: readonly string[];
  scopes: readonly string[];
  authFlows: readonly string[];
  revocable: boolean;
  /** Lifetimes in seconds. */
  accessTokenSeconds: number;
  idTokenSeconds: number;
  refreshTokenSeconds: number;
}

interface PoolState {
  users: Record<string, PoolUser>;
  secrets: Record<string, string>;
  /** By SHA-256 of the token: a stolen state file signs nobody in. */
  refreshGrants: Record<string, RefreshGrant>;
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('base64url');
/** N = 2^14, r = 8, p = 1: OWASP's floor for an interactive sign-in. */
const hashOf = (password: string, salt: string): Buffer => scryptSync(password, salt, 32);

/** One user pool: its people, groups and clients. People and refresh grants survive a restart, the rest is the template's. */
export class UserPool {
  readonly id: string;
  readonly issuer: string;
  readonly arn: string;
  readonly policy: PasswordPolicy;
  readonly groups = new Map<string, { description?: string; precedence?: number }>();
  readonly clients = new Map<string, PoolClient>();
  readonly #file: string;
  readonly #state: PoolState;
  readonly #clock: () => number;

  constructor(options: {
    id: string;
    issuer: string;
    arn: string;
    policy: PasswordPolicy;
    stateDir: string;
    clock: () => number;
  }) {
    this.id = options.id;
    this.issuer = options.issuer;
    this.arn = options.arn;
    this.policy = options.policy;
    this.#clock = options.clock;
    this.#file = join(options.stateDir, `${options.id}.json`);
    this.#state = readState<PoolState>(this.#file) ?? { users: {}, secrets: {}, refreshGrants: {} };
  }

  /** Secret of a client that has one, made once. */
  secretOf(clientId: string): string {
    const known = this.#state.secrets[clientId];
    if (known) return known;
    const secret = randomBytes(38).toString('base64url').toLowerCase().replaceAll(/[-_]/g, '0').slice(0, 51);
    this.#state.secrets[clientId] = secret;
    this.#save();
    return secret;
  }

  users(): readonly PoolUser[] {
    return Object.values(this.#state.users);
  }

  /** By user name, sub or e-mail address; user names differ by more than case. */
  find(name: string): PoolUser | undefined {
    const wanted = name.toLowerCase();
    const direct = Object.hasOwn(this.#state.users, wanted) ? this.#state.users[wanted] : undefined;
    return direct ?? this.users().find((user) => user.sub === name || user.attributes.email?.toLowerCase() === wanted);
  }

  /** @throws AwsFailure UserNotFoundException. */
  user(name: string): PoolUser {
    const user = this.find(name);
    if (!user) throw new AwsFailure('UserNotFoundException', 'User does not exist.');
    return user;
  }

  create(username: string, attributes: Record<string, string>, temporaryPassword?: string): PoolUser {
    if (!/^[\p{L}\p{M}\p{S}\p{N}\p{P}]{1,128}$/u.test(username)) {
      throw new AwsFailure(
        'InvalidParameterException',
        'Username does not satisfy the pattern [\\p{L}\\p{M}\\p{S}\\p{N}\\p{P}]+',
      );
    }
    if (username.includes('@')) {
      throw new AwsFailure(
        'InvalidParameterException',
        'Username cannot be of email format, since user pool is configured for email alias.',
      );
    }
    if (this.find(username)) throw new AwsFailure('UsernameExistsException', 'User account already exists');
    const now = this.#clock();
    const sub = randomUUID();
    const user: PoolUser = {
      username,
      sub,
      attributes: { ...attributes, sub },
      groups: [],
      enabled: true,
      status: 'FORCE_CHANGE_PASSWORD',
      createdAt: now,
      modifiedAt: now,
    };
    if (temporaryPassword !== undefined) this.#setPassword(user, temporaryPassword);
    this.#state.users[username.toLowerCase()] = user;
    this.#save();
    return user;
  }

  setPassword(user: PoolUser, password: string, permanent: boolean): void {
    this.#setPassword(user, password);
    user.status = permanent ? 'CONFIRMED' : 'FORCE_CHANGE_PASSWORD';
    this.touch(user);
  }

  /** Takes as long for an unknown user as for a known one. */
  passwordMatches(user: PoolUser | undefined, password: string): boolean {
    const stored = user?.password ?? { salt: 'no-such-user', hash: Buffer.alloc(32).toString('base64') };
    const equal = timingSafeEqual(hashOf(password, stored.salt), Buffer.from(stored.hash, 'base64'));
    return equal && user?.password !== undefined && user.enabled;
  }

  delete(user: PoolUser): void {
    delete this.#state.users[user.username.toLowerCase()];
    this.#save();
  }

  /** Saves a change made to a user. */
  touch(user: PoolUser): void {
    user.modifiedAt = this.#clock();
    this.#save();
  }

  group(name: string): { description?: string; precedence?: number } {
    const group = this.groups.get(name);
    if (!group) throw new AwsFailure('ResourceNotFoundException', 'Group not found.');
    return group;
  }

  /** Issues an opaque refresh token. */
  grantRefresh(grant: RefreshGrant): string {
    const token = randomBytes(48).toString('base64url');
    const now = this.#clock();
    for (const [key, { expiresAt }] of Object.entries(this.#state.refreshGrants)) {
      if (expiresAt <= now) delete this.#state.refreshGrants[key];
    }
    this.#state.refreshGrants[sha256(token)] = grant;
    this.#save();
    return token;
  }

  /** The grant behind a refresh token of a client, if it still holds. */
  refreshGrant(token: string, clientId: string): RefreshGrant | undefined {
    const grant = this.#state.refreshGrants[sha256(token)];
    if (!grant || grant.clientId !== clientId || grant.expiresAt <= this.#clock()) return undefined;
    const user = this.find(grant.username);
    if (!user?.enabled || (user.signedOutAt ?? 0) >= grant.issuedAt) return undefined;
    return grant;
  }

  revoke(token: string, clientId: string): void {
    const key = sha256(token);
    if (this.#state.refreshGrants[key]?.clientId !== clientId) return;
    delete this.#state.refreshGrants[key];
    this.#save();
  }

  #setPassword(user: PoolUser, password: string): void {
    const policy = this.policy;
    const broken =
      (password.length < (policy.MinimumLength ?? 8) && 'Password not long enough') ||
      (policy.RequireLowercase && !/[a-z]/.test(password) && 'Password must have lowercase characters') ||
      (policy.RequireUppercase && !/[A-Z]/.test(password) && 'Password must have uppercase characters') ||
      (policy.RequireNumbers && !/[0-9]/.test(password) && 'Password must have numeric characters') ||
      (policy.RequireSymbols && !/[^A-Za-z0-9]/.test(password) && 'Password must have symbol characters');
    if (broken || password.length > 256) {
      throw new AwsFailure(
        'InvalidPasswordException',
        `Password did not conform with policy: ${broken || 'Password is too long'}`,
      );
    }
    const salt = randomBytes(16).toString('base64');
    user.password = { salt, hash: hashOf(password, salt).toString('base64') };
  }

  #save(): void {
    writeState(this.#file, this.#state);
  }
}
