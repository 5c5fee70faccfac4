import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { exportJWK, generateKeyPair, importJWK, type JSONWebKeySet, type JWK, type JWTPayload, SignJWT } from 'jose';
import { readState, writeState } from './state-file.ts';
import type { PoolClient, PoolUser, UserPool } from './user-pool.ts';

/** The signing key of a pool: RSA 2048, RS256, as Cognito's. */
export class SigningKey {
  readonly kid: string;
  readonly #private: CryptoKey;
  readonly #public: JWK;

  private constructor(kid: string, privateKey: CryptoKey, publicKey: JWK) {
    this.kid = kid;
    this.#private = privateKey;
    this.#public = publicKey;
  }

  /** Reads the pool's key, or makes it at the first start. */
  static async of(poolId: string, stateDir: string): Promise<SigningKey> {
    const file = join(stateDir, 'keys', `${poolId}.json`);
    let jwk = readState<JWK>(file);
    if (!jwk) {
      const { privateKey } = await generateKeyPair('RS256', { modulusLength: 2048, extractable: true });
      jwk = { ...(await exportJWK(privateKey)), kid: randomUUID(), alg: 'RS256', use: 'sig' };
      writeState(file, jwk);
    }
    const { kty, n, e, kid } = jwk;
    return new SigningKey(kid as string, (await importJWK(jwk, 'RS256')) as CryptoKey, {
      kty,
      n,
      e,
      kid,
      alg: 'RS256',
      use: 'sig',
    });
  }

  get jwks(): JSONWebKeySet {
    return { keys: [this.#public as JSONWebKeySet['keys'][number]] };
  }

  sign(claims: JWTPayload): Promise<string> {
    return new SignJWT(claims).setProtectedHeader({ kid: this.kid, alg: 'RS256' }).sign(this.#private);
  }
}

/** What a set of tokens is issued for. Times in s since 1970. */
export interface Grant {
  pool: UserPool;
  client: PoolClient;
  scopes: readonly string[];
  now: number;
  authTime: number;
  originJti: string;
  nonce?: string;
}

/** Groups in the order of precedence, lowest number first. */
function groupsOf(user: PoolUser, pool: UserPool): { 'cognito:groups'?: string[] } {
  if (user.groups.length === 0) return {};
  const rank = (name: string) => pool.groups.get(name)?.precedence ?? Number.MAX_SAFE_INTEGER;
  return { 'cognito:groups': [...user.groups].sort((a, b) => rank(a) - rank(b)) };
}

/**
 * A person's access token: no `aud`, the client in `client_id`.
 * https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-access-token.html
 */
export const accessToken = (key: SigningKey, user: PoolUser, grant: Grant): Promise<string> =>
  key.sign({
    sub: user.sub,
    ...groupsOf(user, grant.pool),
    iss: grant.pool.issuer,
    version: 2,
    client_id: grant.client.clientId,
    origin_jti: grant.originJti,
    event_id: randomUUID(),
    token_use: 'access',
    scope: grant.scopes.join(' '),
    auth_time: grant.authTime,
    exp: grant.now + grant.client.accessTokenSeconds,
    iat: grant.now,
    jti: randomUUID(),
    username: user.username,
  });

/** A machine's access token: `sub` and `client_id` are the client, no user name. */
export const machineToken = (
  key: SigningKey,
  pool: UserPool,
  client: PoolClient,
  scopes: readonly string[],
  now: number,
): Promise<string> =>
  key.sign({
    sub: client.clientId,
    token_use: 'access',
    scope: scopes.join(' '),
    auth_time: now,
    iss: pool.issuer,
    exp: now + client.accessTokenSeconds,
    iat: now,
    version: 2,
    jti: randomUUID(),
    client_id: client.clientId,
  });

/** https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-id-token.html */
export const idToken = (
  key: SigningKey,
  user: PoolUser,
  grant: Grant,
  accessHash: string | undefined,
): Promise<string> => {
  const { email, name } = user.attributes;
  return key.sign({
    ...(accessHash ? { at_hash: accessHash } : {}),
    sub: user.sub,
    ...groupsOf(user, grant.pool),
    ...(email && grant.scopes.includes('email')
      ? { email, email_verified: user.attributes.email_verified === 'true' }
      : {}),
    ...(name && grant.scopes.includes('profile') ? { name } : {}),
    iss: grant.pool.issuer,
    'cognito:username': user.username,
    origin_jti: grant.originJti,
    ...(grant.nonce ? { nonce: grant.nonce } : {}),
    aud: grant.client.clientId,
    event_id: randomUUID(),
    token_use: 'id',
    auth_time: grant.authTime,
    exp: grant.now + grant.client.idTokenSeconds,
    iat: grant.now,
    jti: randomUUID(),
  });
};
