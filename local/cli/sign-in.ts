import { createHash, randomBytes } from 'node:crypto';

/** A client of the user pool, with what it needs for its flow. */
export interface Client {
  clientId: string;
  secret?: string;
  scopes: readonly string[];
  redirectUri?: string;
}

export interface Tokens {
  access_token: string;
  id_token?: string;
  refresh_token?: string;
  expires_in: number;
}

/** The user pool refused, with what it said. */
export class SignInFailure extends Error {}

/**
 * Signs a person in as a browser does: authorisation request with PKCE, the hosted page's form, code for tokens.
 * @param url base of the sign-in domain.
 * @throws SignInFailure naming the step that failed.
 */
export async function signIn(
  url: string,
  client: Client,
  person: { username: string; password: string },
): Promise<Tokens> {
  const verifier = randomBytes(48).toString('base64url');
  const state = randomBytes(16).toString('base64url');
  const redirectUri = client.redirectUri ?? '';
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: client.clientId,
    redirect_uri: redirectUri,
    scope: client.scopes.join(' '),
    state,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  });
  const asked = await fetch(`${url}/oauth2/authorize?${query}`, { redirect: 'manual' });
  if (asked.status !== 302) throw new SignInFailure(`The authorisation request was refused (${asked.status}).`);
  const login = new URL(asked.headers.get('location') as string, url);
  const form = await fetch(login);
  const csrf = /name="_csrf" value="([^"]+)"/.exec(await form.text())?.[1] ?? '';
  const cookie = form.headers
    .getSetCookie()
    .map((text) => text.split(';')[0])
    .join('; ');
  const sent = await fetch(login, {
    method: 'POST',
    redirect: 'manual',
    headers: { cookie },
    body: new URLSearchParams({ _csrf: csrf, ...person }),
  });
  const back = sent.status === 302 ? new URL(sent.headers.get('location') as string, url) : undefined;
  const code = back?.searchParams.get('code');
  if (!code || back?.searchParams.get('state') !== state)
    throw new SignInFailure(`Signing in as ${person.username} failed (${sent.status}).`);
  return askToken(url, {
    grant_type: 'authorization_code',
    client_id: client.clientId,
    code,
    redirect_uri: redirectUri,
    code_verifier: verifier,
  });
}

/** A machine's token by client credentials. @throws SignInFailure. */
export const machineSignIn = (url: string, client: Client): Promise<Tokens> =>
  askToken(
    url,
    { grant_type: 'client_credentials', scope: client.scopes.join(' ') },
    `Basic ${btoa(`${client.clientId}:${client.secret}`)}`,
  );

async function askToken(url: string, form: Record<string, string>, authorization?: string): Promise<Tokens> {
  const answer = await fetch(`${url}/oauth2/token`, {
    method: 'POST',
    headers: authorization ? { authorization } : {},
    body: new URLSearchParams(form),
  });
  if (!answer.ok) throw new SignInFailure(`The token endpoint answered ${answer.status}: ${await answer.text()}`);
  return (await answer.json()) as Tokens;
}
