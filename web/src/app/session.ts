import type { SiteConfig } from './config.ts';
import { challengeOf, claimsOf, randomToken } from './pkce.ts';

/** Who is signed in, as the tokens say. */
export interface Person {
  readonly name: string;
  /** As the audit names people. */
  readonly subject: string;
  readonly groups: readonly string[];
}

const pendingKey = 'grid.sign-in';
const refreshKey = 'grid.refresh';
/** Renew this long before the access token ends. */
const renewBeforeMs = 60_000;

interface Tokens {
  access_token: string;
  id_token?: string;
  refresh_token?: string;
  expires_in: number;
}

/**
 * Code flow with PKCE (S256) at the hosted sign-in. The access token lives in memory only; the refresh token in sessionStorage,
 * so that a reload keeps the person signed in and a closed tab does not (docs/adr/0010-dashboard.md).
 */
export class Session {
  readonly #config: SiteConfig['signIn'];
  #access: string | undefined;
  #endsAt = 0;
  #renewing: Promise<boolean> | undefined;
  person: Person | undefined;
  /** Called when the person is no longer signed in. */
  onEnded: () => void = () => undefined;

  constructor(config: SiteConfig['signIn']) {
    this.#config = config;
  }

  get #redirectUri(): string {
    return location.origin + this.#config.redirectPath;
  }

  /** Takes a code from the address, or the refresh token of this tab. @returns what went wrong in plain words, if anything. */
  async resume(): Promise<string | undefined> {
    const query = new URLSearchParams(location.search);
    const code = query.get('code');
    const pending = sessionStorage.getItem(pendingKey);
    if ((code !== null || query.has('error')) && query.has('state')) {
      sessionStorage.removeItem(pendingKey);
      const expected = pending ? (JSON.parse(pending) as { state: string; verifier: string; back: string }) : undefined;
      history.replaceState(null, '', expected?.back ?? '/');
      if (expected === undefined || expected.state !== query.get('state')) {
        return 'The answer of the sign-in page belongs to another attempt. Please sign in again.';
      }
      if (code === null) return `Sign-in was refused: ${query.get('error_description') ?? query.get('error')}`;
      const taken = await this.#request({
        grant_type: 'authorization_code',
        code,
        redirect_uri: this.#redirectUri,
        code_verifier: expected.verifier,
      });
      return taken ? undefined : 'The sign-in service did not accept the code. Please sign in again.';
    }
    if (sessionStorage.getItem(refreshKey) !== null) await this.#renew();
    return undefined;
  }

  async signIn(): Promise<void> {
    const state = randomToken();
    const verifier = randomToken();
    const back = location.pathname + location.search;
    sessionStorage.setItem(pendingKey, JSON.stringify({ state, verifier, back }));
    const address = new URL('/oauth2/authorize', this.#config.domain);
    address.search = new URLSearchParams({
      response_type: 'code',
      client_id: this.#config.clientId,
      redirect_uri: this.#redirectUri,
      scope: this.#config.scopes.join(' '),
      state,
      code_challenge_method: 'S256',
      code_challenge: await challengeOf(verifier),
    }).toString();
    location.assign(address);
  }

  signOut(): void {
    this.#forget();
    const address = new URL('/logout', this.#config.domain);
    address.search = new URLSearchParams({
      client_id: this.#config.clientId,
      logout_uri: location.origin + (this.#config.logoutPath ?? this.#config.redirectPath),
    }).toString();
    location.assign(address);
  }

  /** A token that is good for the next request, renewed if need be; undefined when nobody is signed in. */
  async token(): Promise<string | undefined> {
    if (this.#access !== undefined && Date.now() < this.#endsAt - renewBeforeMs) return this.#access;
    await this.#renew();
    return this.#access;
  }

  /** The API did not accept the token: forget it, so that the next request renews it. */
  refused(): void {
    this.#endsAt = 0;
  }

  #renew(): Promise<boolean> {
    const refresh = sessionStorage.getItem(refreshKey);
    if (refresh === null) {
      this.#ended();
      return Promise.resolve(false);
    }
    this.#renewing ??= this.#request({ grant_type: 'refresh_token', refresh_token: refresh }).finally(() => {
      this.#renewing = undefined;
    });
    return this.#renewing;
  }

  async #request(form: Record<string, string>): Promise<boolean> {
    const answer = await fetch(new URL('/oauth2/token', this.#config.domain), {
      method: 'POST',
      body: new URLSearchParams({ ...form, client_id: this.#config.clientId }),
    });
    if (answer.status >= 500) throw new Error(`the sign-in service answered ${answer.status}`);
    if (!answer.ok) {
      this.#ended();
      return false;
    }
    const tokens = (await answer.json()) as Tokens;
    this.#access = tokens.access_token;
    this.#endsAt = Date.now() + tokens.expires_in * 1000;
    if (tokens.refresh_token) sessionStorage.setItem(refreshKey, tokens.refresh_token);
    const claims = { ...claimsOf(tokens.access_token), ...claimsOf(tokens.id_token ?? '') };
    const groups = claims['cognito:groups'];
    this.person = {
      name: String(claims.email ?? claims['cognito:username'] ?? claims.username ?? 'signed in'),
      subject: String(claims.sub ?? ''),
      groups: Array.isArray(groups) ? groups.map(String) : [],
    };
    return true;
  }

  #forget(): void {
    sessionStorage.removeItem(refreshKey);
    this.#access = undefined;
    this.person = undefined;
  }

  #ended(): void {
    const wasSignedIn = this.person !== undefined;
    this.#forget();
    if (wasSignedIn) this.onEnded();
  }
}
