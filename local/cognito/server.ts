import * as http from 'node:http';
import { createLocalJWKSet, jwtVerify } from 'jose';
import type { Addresses } from '../cloudfront/addresses.ts';
import { closeServer, listenOnLoopback } from '../kernel/loopback.ts';
import { HostedSignIn } from './hosted-sign-in.ts';
import { problemPage } from './sign-in-page.ts';
import { TokenEndpoint } from './token-endpoint.ts';
import type { SigningKey } from './tokens.ts';
import type { UserPool } from './user-pool.ts';
import { html, json, oauthError, type WebResponse } from './web-response.ts';

/** Sign-in forms and token requests are a few hundred bytes. */
const MAX_BODY_BYTES = 64 * 1024;

/** Serves one pool's sign-in domain and its public keys on one port. */
export class SignInServer {
  readonly #pool: UserPool;
  readonly #key: SigningKey;
  readonly #url: string;
  readonly #signIn: HostedSignIn;
  readonly #tokens: TokenEndpoint;
  readonly #server: http.Server;

  constructor(options: { pool: UserPool; key: SigningKey; url: string; addresses: Addresses; clock: () => number }) {
    const { pool, key, clock } = options;
    this.#pool = pool;
    this.#key = key;
    this.#url = options.url;
    this.#signIn = new HostedSignIn(pool, options.addresses, clock);
    this.#tokens = new TokenEndpoint({ pool, key, signIn: this.#signIn, clock });
    this.#server = http.createServer((request, response) => void this.#serve(request, response));
  }

  listen(port: number): Promise<void> {
    return listenOnLoopback(this.#server, port);
  }

  close(): Promise<void> {
    return closeServer(this.#server);
  }

  async #serve(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    let answer: WebResponse;
    try {
      answer = await this.#answer(request);
    } catch {
      answer = html(
        500,
        problemPage('Something went wrong', 'The local user pool could not answer. Please try again.'),
      );
    }
    response.writeHead(answer.status, answer.headers);
    response.end(answer.body);
  }

  async #answer(request: http.IncomingMessage): Promise<WebResponse> {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
    const cookies = cookiesOf(request.headers.cookie);
    const { authorization } = request.headers;
    switch (`${request.method} ${pathname}`) {
      case 'GET /oauth2/authorize':
        return this.#signIn.authorize(searchParams, cookies);
      case 'GET /login':
        return this.#signIn.login(searchParams, cookies);
      case 'POST /login':
        return this.#withForm(request, (form) => this.#signIn.signIn(searchParams, form, cookies));
      case 'POST /changePassword':
        return this.#withForm(request, (form) => this.#signIn.changePassword(searchParams, form, cookies));
      case 'GET /logout':
        return this.#signIn.logout(searchParams, cookies);
      case 'POST /oauth2/token':
        return this.#withForm(request, (form) => this.#tokens.token(form, authorization));
      case 'POST /oauth2/revoke':
        return this.#withForm(request, (form) => this.#tokens.revoke(form, authorization));
      case 'GET /oauth2/userInfo':
        return this.#userInfo(authorization);
      case `GET /${this.#pool.id}/.well-known/jwks.json`:
        return json(200, this.#key.jwks, { 'cache-control': 'public, max-age=86400' });
      case `GET /${this.#pool.id}/.well-known/openid-configuration`:
        return json(200, this.#configuration());
    }
    if (request.method === 'OPTIONS') return preflight();
    return html(404, problemPage('Not found', 'There is no such page at this user pool.'));
  }

  async #withForm(
    request: http.IncomingMessage,
    answer: (form: URLSearchParams) => WebResponse | Promise<WebResponse>,
  ): Promise<WebResponse> {
    if (!request.headers['content-type']?.startsWith('application/x-www-form-urlencoded'))
      return oauthError('invalid_request');
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of request as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > MAX_BODY_BYTES) return oauthError('invalid_request', 'Request too large', 413);
      chunks.push(chunk);
    }
    return answer(new URLSearchParams(Buffer.concat(chunks).toString()));
  }

  /** https://docs.aws.amazon.com/cognito/latest/developerguide/userinfo-endpoint.html */
  async #userInfo(authorization: string | undefined): Promise<WebResponse> {
    const token = /^Bearer (.+)$/.exec(authorization ?? '')?.[1];
    if (!token) return oauthError('invalid_request', undefined, 400);
    try {
      const keys = createLocalJWKSet(this.#key.jwks);
      const { payload } = await jwtVerify(token, keys, { issuer: this.#pool.issuer, algorithms: ['RS256'] });
      const user =
        payload.token_use === 'access' && String(payload.scope).split(' ').includes('openid')
          ? this.#pool.find(String(payload.username))
          : undefined;
      if (!user?.enabled) return oauthError('invalid_token', 'Access token does not contain openid scope', 401);
      const { email, email_verified, name } = user.attributes;
      return json(200, { sub: user.sub, email, email_verified, name, username: user.username });
    } catch {
      return oauthError('invalid_token', 'Access token is not valid', 401);
    }
  }

  #configuration(): Record<string, unknown> {
    return {
      issuer: this.#pool.issuer,
      authorization_endpoint: `${this.#url}/oauth2/authorize`,
      token_endpoint: `${this.#url}/oauth2/token`,
      revocation_endpoint: `${this.#url}/oauth2/revoke`,
      userinfo_endpoint: `${this.#url}/oauth2/userInfo`,
      end_session_endpoint: `${this.#url}/logout`,
      jwks_uri: `${this.#url}/${this.#pool.id}/.well-known/jwks.json`,
      response_types_supported: ['code'],
      scopes_supported: ['openid', 'email', 'phone', 'profile'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['RS256'],
      token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
    };
  }
}

const preflight = (): WebResponse => ({
  status: 204,
  headers: {
    'access-control-allow-origin': '*',
    'access-control-allow-methods': 'GET, POST',
    'access-control-allow-headers': 'authorization, content-type',
    'access-control-max-age': '600',
  },
  body: '',
});

const cookiesOf = (header: string | undefined): ReadonlyMap<string, string> =>
  new Map(
    (header ?? '').split(';').map((pair) => {
      const [name = '', ...rest] = pair.split('=');
      return [name.trim(), rest.join('=').trim()] as const;
    }),
  );
