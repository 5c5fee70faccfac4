import { createLocalJWKSet, type JWTPayload, jwtVerify } from 'jose';
import { JWTExpired } from 'jose/errors';
import type { Cloud } from '../kernel/types.ts';
import { type Refusal, refusals } from './refusal.ts';
import type { MethodConfig } from './rest-api.ts';

type Authorization = Extract<MethodConfig['authorization'], { kind: 'cognito' }>;
export type Authorized = { claims: Record<string, string> } | { refusal: Refusal };

const MAX_CACHED = 2000;

/**
 * The Cognito authorizer of a REST API. With scopes on the method it wants an access token that holds one of them, else
 * an id token; it looks at signature, issuer and time, never at the client.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-integrate-with-cognito.html
 */
export class CognitoAuthorizer {
  readonly #cloud: Cloud;
  readonly #keys = new Map<string, ReturnType<typeof createLocalJWKSet>>();
  /** Verified tokens, so that a signature is checked once; times are looked at on every use. */
  readonly #verified = new Map<string, JWTPayload>();

  constructor(cloud: Cloud) {
    this.#cloud = cloud;
  }

  async authorize(header: string | undefined, wanted: Authorization): Promise<Authorized> {
    const token = header?.replace(/^Bearer\s+/i, '').trim();
    if (!token) return { refusal: refusals.unauthorized() };
    try {
      const payload = await this.#verify(token, wanted.poolIds);
      if (!payload) return { refusal: refusals.unauthorized() };
      const expected = wanted.scopes.length > 0 ? 'access' : 'id';
      if (payload.token_use !== expected) return { refusal: refusals.unauthorized() };
      const held = new Set(String(payload.scope ?? '').split(' '));
      if (wanted.scopes.length > 0 && !wanted.scopes.some((scope) => held.has(scope))) {
        return { refusal: refusals.unauthorized() };
      }
      return { claims: claimTexts(payload) };
    } catch (error) {
      return {
        refusal: refusals.unauthorized(error instanceof JWTExpired ? 'The incoming token has expired' : undefined),
      };
    }
  }

  async #verify(token: string, poolIds: readonly string[]): Promise<JWTPayload | undefined> {
    const now = this.#cloud.clock();
    const cacheKey = `${poolIds.join(' ')} ${token}`;
    const known = this.#verified.get(cacheKey);
    if (known && (known.exp as number) * 1000 > now) return known;
    this.#verified.delete(cacheKey);
    for (const poolId of poolIds) {
      const verification = this.#cloud.shared.cognito?.verification(poolId);
      if (!verification) continue;
      const keys = this.#keys.get(poolId) ?? createLocalJWKSet(verification.jwks);
      this.#keys.set(poolId, keys);
      const { payload } = await jwtVerify(token, keys, {
        issuer: verification.issuer,
        algorithms: ['RS256'],
        requiredClaims: ['exp', 'iat', 'sub', 'token_use'],
        currentDate: new Date(now),
      });
      if (this.#verified.size >= MAX_CACHED) this.#verified.clear();
      this.#verified.set(cacheKey, payload);
      return payload;
    }
    return undefined;
  }
}

/** `Wed Feb 21 18:25:43 UTC 2024`: how the gateway writes the two times of a token into the event. */
function javaDate(seconds: number): string {
  const [weekday, day, month, year, time] = new Date(seconds * 1000).toUTCString().replace(',', '').split(' ');
  return `${weekday} ${month} ${day} ${time} UTC ${year}`;
}

/** Claims as a REST API hands them on: every one a string, arrays joined by commas. */
function claimTexts(payload: JWTPayload): Record<string, string> {
  return Object.fromEntries(
    Object.entries(payload).map(([name, claim]) => {
      if ((name === 'exp' || name === 'iat') && typeof claim === 'number') return [name, javaDate(claim)];
      if (Array.isArray(claim)) return [name, claim.join(',')];
      return [name, typeof claim === 'object' ? JSON.stringify(claim) : String(claim)];
    }),
  );
}
