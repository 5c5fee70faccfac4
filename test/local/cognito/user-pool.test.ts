import { createHash } from 'node:crypto';
import {
  AdminAddUserToGroupCommand,
  AdminCreateUserCommand,
  AdminDisableUserCommand,
  CognitoIdentityProviderClient,
  DescribeUserPoolClientCommand,
  InitiateAuthCommand,
  ListUsersCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import { CognitoJwtVerifier } from 'aws-jwt-verify';
import { decodeJwt } from 'jose';
import { machineSignIn, signIn } from '../../../local/cli/sign-in.ts';
import { CognitoProvider } from '../../../local/cognito/index.ts';
import { idOf, poolResources, type SmallCloud, smallCloud } from './pool-template.ts';

const scopes = ['openid', 'email', 'grid/read'];
const redirectUri = 'https://app.example/';
let small: SmallCloud;
let url: string;
let sdk: CognitoIdentityProviderClient;
let people: { clientId: string; scopes: string[]; redirectUri: string };
let poolId: string;

beforeAll(async () => {
  small = await smallCloud({ resources: poolResources, providers: [new CognitoProvider()], portBase: 21610 });
  url = small.cloud.shared.cognito?.url ?? '';
  poolId = idOf(small, 'Pool');
  people = { clientId: idOf(small, 'People'), scopes, redirectUri };
  sdk = new CognitoIdentityProviderClient({
    region: small.cloud.region,
    endpoint: small.cloud.endpoint,
    credentials: small.cloud.credentials({ kind: 'operator' }),
  });
});
afterAll(async () => {
  sdk.destroy();
  await small.stop();
});

const localUser = (group: string) => {
  const user = small.cloud.shared.cognito?.users.find((each) => each.group === group);
  if (!user) throw new Error(`no local user of ${group}`);
  return { username: user.username, password: user.password };
};

const post = (path: string, form: Record<string, string>, headers: Record<string, string> = {}) =>
  fetch(url + path, { method: 'POST', redirect: 'manual', headers, body: new URLSearchParams(form) });

const ask = (query: Record<string, string>) =>
  fetch(`${url}/oauth2/authorize?${new URLSearchParams(query)}`, { redirect: 'manual' });

/** The session cookie of a browser in which the viewer has signed in. */
async function signedInCookie(): Promise<string> {
  const query = new URLSearchParams({ response_type: 'code', client_id: people.clientId, redirect_uri: redirectUri });
  const form = await fetch(`${url}/login?${query}`);
  const csrf = /name="_csrf" value="([^"]+)"/.exec(await form.text())?.[1] ?? '';
  const cookie = form.headers.getSetCookie()[0]?.split(';')[0] ?? '';
  const sent = await post(`/login?${query}`, { _csrf: csrf, ...localUser('viewer') }, { cookie });
  return sent.headers.getSetCookie()[0]?.split(';')[0] ?? '';
}

describe('tokens', () => {
  test('the code flow gives tokens that aws-jwt-verify accepts, shaped as Cognito shapes them', async () => {
    const tokens = await signIn(url, people, localUser('viewer'));
    const jwks = await (await fetch(`${url}/${poolId}/.well-known/jwks.json`)).json();
    const access = CognitoJwtVerifier.create({
      userPoolId: poolId,
      tokenUse: 'access',
      clientId: people.clientId,
      scope: 'grid/read',
    });
    access.cacheJwks(jwks as Parameters<typeof access.cacheJwks>[0]);
    const claims = await access.verify(tokens.access_token);
    expect(claims).toMatchObject({
      'cognito:groups': ['viewer'],
      username: 'viewer',
      client_id: people.clientId,
      scope: scopes.join(' '),
    });
    expect(claims).not.toHaveProperty('aud');
    const id = CognitoJwtVerifier.create({ userPoolId: poolId, tokenUse: 'id', clientId: people.clientId });
    id.cacheJwks(jwks as Parameters<typeof id.cacheJwks>[0]);
    expect(await id.verify(tokens.id_token ?? '')).toMatchObject({
      aud: people.clientId,
      email: 'viewer@smart-grid.example',
    });
  });

  test('a refresh token gives new tokens until it is revoked', async () => {
    const { refresh_token = '' } = await signIn(url, people, localUser('admin'));
    const form = { grant_type: 'refresh_token', client_id: people.clientId, refresh_token };
    const renewed = (await (await post('/oauth2/token', form)).json()) as { access_token: string };
    expect(decodeJwt(renewed.access_token)['cognito:groups']).toEqual(['admin']);
    expect((await post('/oauth2/revoke', { client_id: people.clientId, token: refresh_token })).status).toBe(200);
    expect(await (await post('/oauth2/token', form)).json()).toMatchObject({ error: 'invalid_grant' });
  });

  test('client credentials: secret by Basic auth or in the body, custom scope, no user', async () => {
    const described = await sdk.send(
      new DescribeUserPoolClientCommand({ UserPoolId: poolId, ClientId: idOf(small, 'Machine') }),
    );
    const client = {
      clientId: idOf(small, 'Machine'),
      secret: described.UserPoolClient?.ClientSecret,
      scopes: ['grid/ingest'],
    };
    const claims = decodeJwt((await machineSignIn(url, client)).access_token);
    expect(claims).toMatchObject({
      sub: client.clientId,
      client_id: client.clientId,
      scope: 'grid/ingest',
      token_use: 'access',
    });
    expect(claims).not.toHaveProperty('username');
    const inBody = { grant_type: 'client_credentials', client_id: client.clientId, client_secret: client.secret ?? '' };
    expect((await post('/oauth2/token', inBody)).status).toBe(200);
    expect(await (await post('/oauth2/token', { ...inBody, client_secret: 'wrong' })).json()).toEqual({
      error: 'invalid_client',
    });
    expect(await (await post('/oauth2/token', { ...inBody, scope: 'grid/read' })).json()).toEqual({
      error: 'invalid_scope',
    });
  });
});

/** https://docs.aws.amazon.com/cognito/latest/developerguide/authorization-endpoint.html and token-endpoint.html */
describe('refusals', () => {
  const request = () => ({
    response_type: 'code',
    client_id: people.clientId,
    redirect_uri: redirectUri,
    scope: 'openid',
    state: 's',
  });

  test.each([
    ['another address', { redirect_uri: 'https://evil.example/' }],
    ['a longer path', { redirect_uri: 'https://app.example/x' }],
    ['a prefix of the host', { redirect_uri: 'https://app.example.evil.example/' }],
    ['an unknown client', { client_id: 'nobody' }],
  ])('%s gets a page, never a redirect', async (_, change) => {
    const answer = await ask({ ...request(), ...change });
    expect(answer.status).toBe(400);
    expect(answer.headers.get('location')).toBeNull();
  });

  test.each([
    ['a scope the client does not have', { scope: 'grid/ingest' }, 'invalid_request'],
    ['the implicit flow', { response_type: 'token' }, 'unsupported_response_type'],
    ['plain PKCE', { code_challenge: 'x'.repeat(43), code_challenge_method: 'plain' }, 'invalid_request'],
  ])('%s goes back to the application as an error with its state', async (_, change, error) => {
    const location = new URL((await ask({ ...request(), ...change })).headers.get('location') ?? '');
    expect([location.origin, location.searchParams.get('error'), location.searchParams.get('state')]).toEqual([
      'https://app.example',
      error,
      's',
    ]);
  });

  test('sign-out returns only to registered addresses', async () => {
    const out = (logout_uri: string) =>
      fetch(`${url}/logout?${new URLSearchParams({ client_id: people.clientId, logout_uri })}`, { redirect: 'manual' });
    expect((await out(redirectUri)).headers.get('location')).toBe(redirectUri);
    expect((await out('https://evil.example/')).status).toBe(400);
  });

  test('a form without its anti-forgery token, and a wrong password, sign nobody in; guessing is slowed down', async () => {
    const form = { username: 'admin', password: localUser('admin').password, _csrf: 'forged' };
    const query = new URLSearchParams(request());
    expect((await post(`/login?${query}`, form)).status).toBe(403);
    for (let attempt = 0; attempt < 5; attempt++) {
      await expect(signIn(url, people, { username: 'nobody', password: 'x' })).rejects.toThrow('(401)');
    }
    await expect(signIn(url, people, { username: 'nobody', password: 'x' })).rejects.toThrow('(429)');
  });

  test('a code is good once, for its own client, address and verifier only', async () => {
    const verifier = 'v'.repeat(43);
    const code_challenge = createHash('sha256').update(verifier).digest('base64url');
    const session = await signedInCookie();
    const code = async () => {
      const query = new URLSearchParams({ ...request(), code_challenge, code_challenge_method: 'S256' });
      const back = await fetch(`${url}/oauth2/authorize?${query}`, {
        redirect: 'manual',
        headers: { cookie: session },
      });
      return new URL(back.headers.get('location') ?? '').searchParams.get('code') ?? '';
    };
    const redeem = async (given: string, change: Record<string, string> = {}) => {
      const form = {
        grant_type: 'authorization_code',
        client_id: people.clientId,
        code: given,
        redirect_uri: redirectUri,
      };
      return (await post('/oauth2/token', { ...form, code_verifier: verifier, ...change })).status;
    };
    const good = await code();
    expect([await redeem(good), await redeem(good)]).toEqual([200, 400]);
    expect(await redeem(await code(), { code_verifier: 'w'.repeat(43) })).toBe(400);
    expect(await redeem(await code(), { code_verifier: '' })).toBe(400);
    expect(await redeem(await code(), { redirect_uri: 'https://app.example/other' })).toBe(400);
    expect(await redeem(await code(), { client_id: 'nobody' })).toBe(400);
  });
});

describe('the administrator', () => {
  test('invites a person, who signs in no more once disabled', async () => {
    const UserPoolId = poolId;
    const Username = 'ada';
    await sdk.send(
      new AdminCreateUserCommand({
        UserPoolId,
        Username,
        UserAttributes: [{ Name: 'email', Value: 'ada@grid.example' }],
      }),
    );
    await sdk.send(new AdminAddUserToGroupCommand({ UserPoolId, Username, GroupName: 'viewer' }));
    await expect(
      sdk.send(new AdminAddUserToGroupCommand({ UserPoolId, Username, GroupName: 'none' })),
    ).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    await expect(sdk.send(new AdminCreateUserCommand({ UserPoolId, Username: 'ADA' }))).rejects.toMatchObject({
      name: 'UsernameExistsException',
    });
    const found = await sdk.send(new ListUsersCommand({ UserPoolId, Filter: 'email = "ada@grid.example"' }));
    expect(found.Users?.map((user) => [user.Username, user.UserStatus])).toEqual([['ada', 'FORCE_CHANGE_PASSWORD']]);
    await sdk.send(new AdminDisableUserCommand({ UserPoolId, Username }));
    expect((await sdk.send(new ListUsersCommand({ UserPoolId, Filter: 'status = "Disabled"' }))).Users).toHaveLength(1);
  });

  test('a role without permission is denied', async () => {
    const nobody = small.cloud.credentials({
      kind: 'role',
      roleArn: `arn:aws:iam::${small.cloud.accountId}:role/none`,
    });
    const denied = new CognitoIdentityProviderClient({
      region: small.cloud.region,
      endpoint: small.cloud.endpoint,
      credentials: nobody,
    });
    await expect(denied.send(new ListUsersCommand({ UserPoolId: poolId }))).rejects.toMatchObject({
      name: 'AccessDeniedException',
    });
    denied.destroy();
  });

  test('sign-in by password is off for clients that do not allow it', async () => {
    const signer = () =>
      sdk.send(
        new InitiateAuthCommand({ AuthFlow: 'USER_PASSWORD_AUTH', ClientId: people.clientId, AuthParameters: {} }),
      );
    await expect(signer()).rejects.toThrow();
  });
});
