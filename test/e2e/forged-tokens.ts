import { createHmac, createPublicKey, randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  decodeJwt,
  decodeProtectedHeader,
  exportSPKI,
  generateKeyPair,
  importJWK,
  type JWK,
  type JWTPayload,
  SignJWT,
} from 'jose';

const part = (content: unknown): string => Buffer.from(JSON.stringify(content)).toString('base64url');
const now = (): number => Math.floor(Date.now() / 1000);

/** The pool's own private key, from the state of the local stack: only so can a token of the right key be out of date. */
function poolKey(stateDir: string): JWK {
  const folder = join(stateDir, 'cognito/keys');
  const [file, ...more] = readdirSync(folder).filter((name) => name.endsWith('.json'));
  if (!file || more.length > 0) throw new Error(`Expected the key of one pool in ${folder}.`);
  return JSON.parse(readFileSync(join(folder, file), 'utf8')) as JWK;
}

/** The same claims signed again by the pool's key: what a forged token is compared with, so that the one change it has counts. */
export async function resigned(good: string, stateDir: string): Promise<string> {
  const jwk = poolKey(stateDir);
  return new SignJWT(decodeJwt(good))
    .setProtectedHeader({ alg: 'RS256', kid: jwk.kid })
    .sign(await importJWK(jwk, 'RS256'));
}

/**
 * Tokens that must open nothing, made from one that does: each differs from it in one respect.
 * @param good an access token that is valid for the route.
 */
export async function forgedTokens(good: string, stateDir: string): Promise<Record<string, string>> {
  const jwk = poolKey(stateDir);
  const key = await importJWK(jwk, 'RS256');
  const claims = decodeJwt(good);
  const header = decodeProtectedHeader(good);
  const sign = (change: JWTPayload) =>
    new SignJWT({ ...claims, ...change }).setProtectedHeader({ alg: 'RS256', kid: jwk.kid }).sign(key);
  const foreign = await generateKeyPair('RS256');
  const publicPem = createPublicKey({ key: { kty: jwk.kty, n: jwk.n, e: jwk.e } as never, format: 'jwk' })
    .export({ type: 'spki', format: 'pem' })
    .toString();
  const hmacSigned = `${part({ alg: 'HS256', kid: header.kid, typ: 'JWT' })}.${part(claims)}`;
  const changed = good.split('.');
  changed[1] = part({ ...claims, 'cognito:groups': ['admin'], jti: randomUUID() });
  return {
    expired: await sign({ iat: now() - 7200, exp: now() - 60 }),
    'alg:none': `${part({ alg: 'none', kid: header.kid })}.${part(claims)}.`,
    'alg:None with the signature kept': `${part({ alg: 'None', kid: header.kid })}.${part(claims)}.${good.split('.')[2]}`,
    'RS256 to HS256 with the public key as secret': `${hmacSigned}.${createHmac('sha256', publicPem).update(hmacSigned).digest('base64url')}`,
    'a foreign key': await new SignJWT(claims)
      .setProtectedHeader({ alg: 'RS256', kid: jwk.kid })
      .sign(foreign.privateKey),
    'a foreign key that the header brings along': await new SignJWT(claims)
      .setProtectedHeader({ alg: 'RS256', jwk: { kty: 'RSA', spki: await exportSPKI(foreign.publicKey) } as never })
      .sign(foreign.privateKey),
    'claims changed after signing': changed.join('.'),
    'another issuer': await sign({ iss: `${String(claims.iss)}X` }),
    'another client of the same pool': await sign({ client_id: 'anotherclientofthesamepool' }),
    'an id token': await sign({
      token_use: 'id',
      aud: claims.client_id as string,
      client_id: undefined,
      scope: undefined,
    }),
    'an id token that carries the scope': await sign({ token_use: 'id', aud: claims.client_id as string }),
    'no scope': await sign({ scope: 'openid' }),
    'a scope that only begins like the right one': await sign({ scope: `${String(claims.scope).split(' ').at(-1)}er` }),
    'not a token': 'Bearer',
  };
}
