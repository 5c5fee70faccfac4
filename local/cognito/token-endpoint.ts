import { createHash, randomUUID, timingSafeEqual } from 'node:crypto';
import type { HostedSignIn } from './hosted-sign-in.ts';
import { accessToken, type Grant, idToken, machineToken, type SigningKey } from './tokens.ts';
import type { PoolClient, PoolUser, UserPool } from './user-pool.ts';
import { json, oauthError, type WebResponse } from './web-response.ts';

const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest();
const same = (a: string, b: string): boolean => timingSafeEqual(sha256(a), sha256(b));

/** Tokens of a person, as the token endpoint gives them. */
export async function issueTokens(key: SigningKey, user: PoolUser, grant: Grant) {
  const access = await accessToken(key, user, grant);
  const hash = sha256(access).subarray(0, 16).toString('base64url');
  const openid = grant.scopes.includes('openid') || grant.scopes.includes('aws.cognito.signin.user.admin');
  return {
    access_token: access,
    ...(openid ? { id_token: await idToken(key, user, grant, hash) } : {}),
    token_type: 'Bearer',
    expires_in: grant.client.accessTokenSeconds,
  };
}

/**
 * `/oauth2/token` and `/oauth2/revoke`.
 * https://docs.aws.amazon.com/cognito/latest/developerguide/token-endpoint.html
 */
export class TokenEndpoint {
  readonly #pool: UserPool;
  readonly #key: SigningKey;
  readonly #signIn: HostedSignIn;
  readonly #clock: () => number;

  constructor(options: { pool: UserPool; key: SigningKey; signIn: HostedSignIn; clock: () => number }) {
    this.#pool = options.pool;
    this.#key = options.key;
    this.#signIn = options.signIn;
    this.#clock = options.clock;
  }

  async token(form: URLSearchParams, authorization: string | undefined): Promise<WebResponse> {
    const client = this.#client(form, authorization);
    if (!client) return oauthError('invalid_client');
    switch (form.get('grant_type')) {
      case 'authorization_code':
        return this.#fromCode(form, client);
      case 'refresh_token':
        return this.#fromRefresh(form, client);
      case 'client_credentials':
        return this.#fromSecret(form, client);
      default:
        return oauthError('unsupported_grant_type');
    }
  }

  revoke(form: URLSearchParams, authorization: string | undefined): WebResponse {
    const client = this.#client(form, authorization);
    if (!client) return oauthError('invalid_client');
    if (!client.revocable) return oauthError('invalid_request', 'Token revocation is disabled for this client');
    this.#pool.revoke(form.get('token') ?? '', client.clientId);
    return { ...json(200, {}), body: '' };
  }

  async #fromCode(form: URLSearchParams, client: PoolClient): Promise<WebResponse> {
    const issued = this.#signIn.redeem(form.get('code') ?? '');
    if (!client.flows.includes('code')) return oauthError('unauthorized_client');
    if (!issued || issued.clientId !== client.clientId || issued.redirectUri !== form.get('redirect_uri')) {
      return oauthError('invalid_grant');
    }
    const verifier = form.get('code_verifier');
    if (issued.codeChallenge !== undefined || verifier !== null) {
      const challenge = sha256(verifier ?? '').toString('base64url');
      if (!/^[A-Za-z0-9._~-]{43,128}$/.test(verifier ?? '') || !same(challenge, issued.codeChallenge ?? ''))
        return oauthError('invalid_grant');
    }
    const user = this.#pool.find(issued.username);
    if (!user?.enabled) return oauthError('invalid_grant');
    const { scopes, authTime, nonce } = issued;
    const originJti = randomUUID();
    const now = this.#now();
    const tokens = await issueTokens(this.#key, user, {
      pool: this.#pool,
      client,
      scopes,
      now,
      authTime,
      originJti,
      nonce,
    });
    const refresh = this.#pool.grantRefresh({
      username: user.username,
      clientId: client.clientId,
      scopes,
      authTime,
      originJti,
      issuedAt: this.#clock(),
      expiresAt: this.#clock() + client.refreshTokenSeconds * 1000,
    });
    return json(200, { ...tokens, refresh_token: refresh });
  }

  /** A refresh gives no new refresh token, as with Cognito unless rotation is on. */
  async #fromRefresh(form: URLSearchParams, client: PoolClient): Promise<WebResponse> {
    const held = this.#pool.refreshGrant(form.get('refresh_token') ?? '', client.clientId);
    const user = held && this.#pool.find(held.username);
    if (!held || !user) return oauthError('invalid_grant');
    const { scopes, authTime, originJti } = held;
    return json(
      200,
      await issueTokens(this.#key, user, { pool: this.#pool, client, scopes, now: this.#now(), authTime, originJti }),
    );
  }

  async #fromSecret(form: URLSearchParams, client: PoolClient): Promise<WebResponse> {
    if (!client.flows.includes('client_credentials') || !client.secret) return oauthError('unauthorized_client');
    const scopes = form.get('scope')?.split(' ').filter(Boolean) ?? client.scopes;
    if (scopes.length === 0 || scopes.some((scope) => !client.scopes.includes(scope)))
      return oauthError('invalid_scope');
    const token = await machineToken(this.#key, this.#pool, client, scopes, this.#now());
    return json(200, { access_token: token, expires_in: client.accessTokenSeconds, token_type: 'Bearer' });
  }

  /** The client, if it proved itself: by Basic auth or secret in the body when it has one, else by its id. */
  #client(form: URLSearchParams, authorization: string | undefined): PoolClient | undefined {
    let id = form.get('client_id') ?? '';
    let secret = form.get('client_secret') ?? '';
    if (authorization?.toLowerCase().startsWith('basic ')) {
      const text = Buffer.from(authorization.slice(6), 'base64').toString();
      const colon = text.indexOf(':');
      const basicId = text.slice(0, colon);
      if (id !== '' && id !== basicId) return undefined;
      id = basicId;
      secret = text.slice(colon + 1);
    }
    const client = this.#pool.clients.get(id);
    if (!client) return undefined;
    return client.secret === undefined || same(secret, client.secret) ? client : undefined;
  }

  #now(): number {
    return Math.floor(this.#clock() / 1000);
  }
}
