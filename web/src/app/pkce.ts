/** Base64 for URLs, without padding. */
export const base64Url = (bytes: Uint8Array): string =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replace(/=+$/, '');

/** 43 characters from 32 random bytes: long enough for a PKCE verifier or a state. Source: RFC 7636 4.1. */
export const randomToken = (): string => base64Url(crypto.getRandomValues(new Uint8Array(32)));

/** S256 challenge of a verifier. Source: RFC 7636 4.2. */
export const challengeOf = async (verifier: string): Promise<string> =>
  base64Url(new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier))));

/** Claims of a token for display only; the API checks the signature. Undefined if it is no JWT. */
export const claimsOf = (token: string): Record<string, unknown> | undefined => {
  const body = token.split('.')[1];
  if (body === undefined) return undefined;
  try {
    const bytes = Uint8Array.from(atob(body.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0));
    return JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>;
  } catch {
    return undefined;
  }
};
