import { createHash, createHmac, randomBytes, randomUUID, timingSafeEqual } from 'node:crypto';
import type { Addresses } from '../cloudfront/addresses.ts';
import { AwsFailure } from '../kernel/types.ts';
import { SignInLimit } from './rate-limit.ts';
import { newPasswordPage, problemPage, signInPage } from './sign-in-page.ts';
import type { PoolClient, PoolUser, UserPool } from './user-pool.ts';
import { html, redirect, type WebResponse } from './web-response.ts';

/** A code is good once and for five minutes. https://docs.aws.amazon.com/cognito/latest/developerguide/token-endpoint.html */
const CODE_LIFE_MS = 5 * 60_000;
/** The hosted page's session cookie. https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-managed-login.html */
const SESSION_LIFE_MS = 60 * 60_000;
const CHALLENGE_LIFE_MS = 3 * 60_000;

export interface IssuedCode {
  username: string;
  clientId: string;
  redirectUri: string;
  scopes: string[];
  codeChallenge?: string;
  nonce?: string;
  authTime: number;
  expiresAt: number;
}

interface AuthorizationRequest {
  client: PoolClient;
  redirectUri: string;
  scopes: string[];
  state?: string;
  nonce?: string;
  codeChallenge?: string;
}

const equal = (a: string, b: string): boolean => {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
};

const NO_STORE_COOKIE = 'HttpOnly; SameSite=Lax; Path=/';

/** The pages a person sees: authorisation request, sign-in, first password, sign-out. */
export class HostedSignIn {
  readonly #pool: UserPool;
  readonly #addresses: Addresses;
  readonly #clock: () => number;
  readonly #codes = new Map<string, IssuedCode>();
  readonly #sessions = new Map<string, { username: string; authTime: number; expiresAt: number }>();
  readonly #challenges = new Map<string, { username: string; expiresAt: number }>();
  readonly #limit: SignInLimit;
  readonly #csrfKey = randomBytes(32);

  constructor(pool: UserPool, addresses: Addresses, clock: () => number) {
    this.#pool = pool;
    this.#addresses = addresses;
    this.#clock = clock;
    this.#limit = new SignInLimit(clock);
  }

  /** Takes a code out; a code is used once, whether or not its use succeeds. */
  redeem(code: string): IssuedCode | undefined {
    const issued = this.#codes.get(code);
    this.#codes.delete(code);
    return issued && issued.expiresAt > this.#clock() ? issued : undefined;
  }

  /** `/oauth2/authorize`: straight back with a code if signed in, else on to the sign-in page. */
  authorize(query: URLSearchParams, cookies: ReadonlyMap<string, string>): WebResponse {
    const request = this.#parse(query);
    if ('status' in request) return request;
    const session = this.#session(cookies);
    if (session) return redirect(this.#withCode(request, session.username, session.authTime));
    return redirect(`/login?${query}`);
  }

  login(query: URLSearchParams, cookies: ReadonlyMap<string, string>): WebResponse {
    const request = this.#parse(query);
    if ('status' in request) return request;
    const { csrf, cookie } = this.#csrf(cookies);
    return html(200, signInPage({ query: query.toString(), csrf }), {
      formTarget: new URL(request.redirectUri).origin,
      cookie,
    });
  }

  signIn(query: URLSearchParams, form: URLSearchParams, cookies: ReadonlyMap<string, string>): WebResponse {
    const request = this.#parse(query);
    if ('status' in request) return request;
    const { csrf, cookie } = this.#csrf(cookies);
    const formTarget = new URL(request.redirectUri).origin;
    const username = form.get('username')?.trim() ?? '';
    const refused = (status: number, error: string) =>
      html(status, signInPage({ query: query.toString(), csrf, error, username }), { formTarget, cookie });
    if (!this.#csrfHolds(form, cookies)) return refused(403, 'This form was open too long. Please try again.');
    const user = this.#pool.find(username);
    const name = user?.username ?? username;
    if (this.#limit.locked(name)) return refused(429, 'Too many failed attempts. Please wait a moment and try again.');
    if (!this.#pool.passwordMatches(user, form.get('password') ?? '')) {
      this.#limit.failed(name);
      return refused(401, 'The user name or password is not right.');
    }
    this.#limit.succeeded(name);
    const person = user as PoolUser;
    if (person.status === 'FORCE_CHANGE_PASSWORD') {
      const challenge = randomUUID();
      this.#challenges.set(challenge, { username: person.username, expiresAt: this.#clock() + CHALLENGE_LIFE_MS });
      return html(200, newPasswordPage({ query: query.toString(), csrf, challenge }), { formTarget, cookie });
    }
    return this.#signedIn(request, person);
  }

  changePassword(query: URLSearchParams, form: URLSearchParams, cookies: ReadonlyMap<string, string>): WebResponse {
    const request = this.#parse(query);
    if ('status' in request) return request;
    const challenge = form.get('challenge') ?? '';
    const open = this.#challenges.get(challenge);
    const user = open && open.expiresAt > this.#clock() ? this.#pool.find(open.username) : undefined;
    if (!user?.enabled || !this.#csrfHolds(form, cookies)) return redirect(`/login?${query}`);
    try {
      this.#pool.setPassword(user, form.get('password') ?? '', true);
    } catch (error) {
      if (!(error instanceof AwsFailure)) throw error;
      const { csrf, cookie } = this.#csrf(cookies);
      const formTarget = new URL(request.redirectUri).origin;
      return html(400, newPasswordPage({ query: query.toString(), csrf, challenge, error: error.message }), {
        formTarget,
        cookie,
      });
    }
    this.#challenges.delete(challenge);
    return this.#signedIn(request, user);
  }

  /** `/logout?client_id&logout_uri`: ends the session; goes only to a registered address. */
  logout(query: URLSearchParams, cookies: ReadonlyMap<string, string>): WebResponse {
    const client = this.#pool.clients.get(query.get('client_id') ?? '');
    const target = query.get('logout_uri') ?? '';
    if (!client || !this.#registered(client.logoutUrls, target)) {
      if (client && query.has('redirect_uri'))
        return redirect(`/login?${query}`, `session=; Max-Age=0; ${NO_STORE_COOKIE}`);
      return html(
        400,
        problemPage('Sign-out address not registered', 'The address to return to is not one of this application.'),
      );
    }
    this.#sessions.delete(cookies.get('session') ?? '');
    return redirect(target, `session=; Max-Age=0; ${NO_STORE_COOKIE}`);
  }

  #signedIn(request: AuthorizationRequest, user: PoolUser): WebResponse {
    const session = randomBytes(32).toString('base64url');
    const now = this.#clock();
    const authTime = Math.floor(now / 1000);
    for (const map of [this.#sessions, this.#codes, this.#challenges]) {
      for (const [key, { expiresAt }] of map) if (expiresAt <= now) map.delete(key);
    }
    this.#sessions.set(session, { username: user.username, authTime, expiresAt: now + SESSION_LIFE_MS });
    return redirect(
      this.#withCode(request, user.username, authTime),
      `session=${session}; Max-Age=${SESSION_LIFE_MS / 1000}; ${NO_STORE_COOKIE}`,
    );
  }

  #session(cookies: ReadonlyMap<string, string>): { username: string; authTime: number } | undefined {
    const session = this.#sessions.get(cookies.get('session') ?? '');
    return session && session.expiresAt > this.#clock() && this.#pool.find(session.username)?.enabled
      ? session
      : undefined;
  }

  #withCode(request: AuthorizationRequest, username: string, authTime: number): string {
    const code = randomUUID();
    const { client, redirectUri, scopes, codeChallenge, nonce, state } = request;
    this.#codes.set(code, {
      username,
      clientId: client.clientId,
      redirectUri,
      scopes,
      codeChallenge,
      nonce,
      authTime,
      expiresAt: this.#clock() + CODE_LIFE_MS,
    });
    return withQuery(redirectUri, { code, ...(state === undefined ? {} : { state }) });
  }

  /** Errors go back to the application only once its return address is known to be its own. */
  #parse(query: URLSearchParams): AuthorizationRequest | WebResponse {
    const client = this.#pool.clients.get(query.get('client_id') ?? '');
    if (!client)
      return html(400, problemPage('Unknown application', 'There is no such application in this user pool.'));
    const redirectUri = query.get('redirect_uri') ?? client.callbackUrls[0] ?? '';
    if (!this.#registered(client.callbackUrls, redirectUri)) {
      return html(
        400,
        problemPage(
          'Return address not registered',
          'The application asked to return to an address that is not registered for it.',
        ),
      );
    }
    const state = query.get('state') ?? undefined;
    const back = (error: string, description?: string) =>
      redirect(
        withQuery(redirectUri, {
          error,
          ...(description ? { error_description: description } : {}),
          ...(state === undefined ? {} : { state }),
        }),
      );
    if (query.get('response_type') !== 'code') return back('unsupported_response_type');
    if (!client.flows.includes('code')) return back('unauthorized_client');
    const scopes = query.get('scope')?.split(' ').filter(Boolean) ?? [...client.scopes];
    if (scopes.some((scope) => !client.scopes.includes(scope))) return back('invalid_request', 'invalid_scope');
    const codeChallenge = query.get('code_challenge') ?? undefined;
    const method = query.get('code_challenge_method') ?? undefined;
    if ((codeChallenge || method) && (method !== 'S256' || !/^[A-Za-z0-9_-]{43}$/.test(codeChallenge ?? ''))) {
      return back('invalid_request', 'code_challenge_method must be S256');
    }
    return { client, redirectUri, scopes, state, nonce: query.get('nonce') ?? undefined, codeChallenge };
  }

  #registered(urls: readonly string[], wanted: string): boolean {
    return urls.flatMap((url) => this.#addresses.formsOf(url)).includes(wanted);
  }

  #csrf(cookies: ReadonlyMap<string, string>): { csrf: string; cookie?: string } {
    const known = cookies.get('xsrf');
    const seed = known ?? randomBytes(24).toString('base64url');
    return { csrf: this.#csrfOf(seed), cookie: known ? undefined : `xsrf=${seed}; ${NO_STORE_COOKIE}` };
  }

  #csrfHolds(form: URLSearchParams, cookies: ReadonlyMap<string, string>): boolean {
    const seed = cookies.get('xsrf');
    return seed !== undefined && equal(form.get('_csrf') ?? '', this.#csrfOf(seed));
  }

  #csrfOf(seed: string): string {
    return createHmac('sha256', this.#csrfKey).update(seed).digest('base64url');
  }
}

function withQuery(address: string, parameters: Record<string, string>): string {
  const url = new URL(address);
  for (const [name, content] of Object.entries(parameters)) url.searchParams.set(name, content);
  return url.toString();
}
