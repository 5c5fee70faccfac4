import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { Session, Sessions } from './sessions.ts';
import { AwsFailure } from './types.ts';

/** The parts of Signature Version 4 that a request carries, in its Authorization header or (presigned) in its query. */
export interface SignedScope {
  accessKeyId: string;
  date: string;
  region: string;
  service: string;
  signedHeaders: readonly string[];
  signature: string;
  sessionToken: string | undefined;
  amzDate: string;
  presigned: boolean;
  expiresSeconds: number;
}

const sha256 = (data: string | Buffer): string => createHash('sha256').update(data).digest('hex');
const hmac = (key: string | Buffer, data: string): Buffer => createHmac('sha256', key).update(data).digest();

/** Reads the credential scope; undefined for an unsigned request. */
export function signedScope(url: URL, headers: IncomingHttpHeaders): SignedScope | undefined {
  const authorization = headers.authorization;
  if (authorization?.startsWith('AWS4-HMAC-SHA256')) {
    const field = (name: string) => new RegExp(`${name}=([^,\\s]+)`).exec(authorization)?.[1];
    return scope(field('Credential'), field('SignedHeaders'), field('Signature'), {
      sessionToken: headers['x-amz-security-token'] as string | undefined,
      amzDate: String(headers['x-amz-date'] ?? ''),
      presigned: false,
      expiresSeconds: 0,
    });
  }
  const query = url.searchParams;
  if (query.get('X-Amz-Algorithm') !== 'AWS4-HMAC-SHA256') return undefined;
  return scope(query.get('X-Amz-Credential'), query.get('X-Amz-SignedHeaders'), query.get('X-Amz-Signature'), {
    sessionToken: query.get('X-Amz-Security-Token') ?? undefined,
    amzDate: query.get('X-Amz-Date') ?? '',
    presigned: true,
    expiresSeconds: Number(query.get('X-Amz-Expires') ?? 0),
  });
}

function scope(
  credential: string | null | undefined,
  signedHeaders: string | null | undefined,
  signature: string | null | undefined,
  rest: Pick<SignedScope, 'sessionToken' | 'amzDate' | 'presigned' | 'expiresSeconds'>,
): SignedScope | undefined {
  const [accessKeyId, date, region, service, end] = credential?.split('/') ?? [];
  if (!accessKeyId || !date || !region || !service || end !== 'aws4_request' || !signedHeaders || !signature)
    return undefined;
  return { accessKeyId, date, region, service, signedHeaders: signedHeaders.split(';'), signature, ...rest };
}

/** Clock skew that AWS tolerates. Source: .../IAM/latest/UserGuide/reference_sigv-troubleshooting.html */
const MAX_SKEW_MS = 15 * 60_000;

/**
 * Finds the session behind a signed request and checks token, life, date and signature.
 * @throws AwsFailure `UnrecognizedClientException`, `ExpiredTokenException` or `SignatureDoesNotMatch` (403), as STS names them.
 */
export function verifiedSession(
  request: { method: string; url: URL; rawPath: string; headers: IncomingHttpHeaders; body: Buffer },
  signed: SignedScope,
  sessions: Sessions,
  now: number,
): Session {
  const session = sessions.find(signed.accessKeyId);
  if (!session || !equal(session.sessionToken, signed.sessionToken ?? '')) {
    throw new AwsFailure('UnrecognizedClientException', 'The security token included in the request is invalid.', 403);
  }
  if (session.expiresAt <= now) {
    throw new AwsFailure('ExpiredTokenException', 'The security token included in the request is expired', 403);
  }
  const signedAt = Date.parse(
    signed.amzDate.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'),
  );
  const expired = signed.presigned
    ? !(signedAt - MAX_SKEW_MS <= now && now < signedAt + signed.expiresSeconds * 1000)
    : !(Math.abs(now - signedAt) <= MAX_SKEW_MS);
  if (expired) throw new AwsFailure('SignatureDoesNotMatch', `Signature expired: ${signed.amzDate}`, 403);
  if (!equal(expectedSignature(request, signed, session.secretAccessKey), signed.signature)) {
    throw new AwsFailure(
      'SignatureDoesNotMatch',
      'The request signature we calculated does not match the signature you provided.',
      403,
    );
  }
  return session;
}

function equal(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}

const uriEncode = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);

const signingKeys = new Map<string, Buffer>();

function signingKey(secret: string, signed: SignedScope): Buffer {
  const id = `${secret}/${signed.date}/${signed.region}/${signed.service}`;
  let key = signingKeys.get(id);
  if (!key) {
    if (signingKeys.size > 1000) signingKeys.clear();
    key = hmac(hmac(hmac(hmac(`AWS4${secret}`, signed.date), signed.region), signed.service), 'aws4_request');
    signingKeys.set(id, key);
  }
  return key;
}

function expectedSignature(
  request: { method: string; url: URL; rawPath: string; headers: IncomingHttpHeaders; body: Buffer },
  signed: SignedScope,
  secret: string,
): string {
  const { headers } = request;
  const declared = headers['x-amz-content-sha256'];
  // Streaming and unsigned payloads sign their marker; otherwise the digest must be that of the bytes that came.
  const payload = signed.presigned
    ? (declared ?? 'UNSIGNED-PAYLOAD')
    : typeof declared === 'string' && /^(STREAMING-|UNSIGNED-)/.test(declared)
      ? declared
      : sha256(request.body);
  const query = [...request.url.searchParams]
    .filter(([name]) => name !== 'X-Amz-Signature')
    .map(([name, value]) => `${uriEncode(name)}=${uriEncode(value)}`)
    .sort()
    .join('&');
  // S3 signs the path as sent; every other service encodes it once more.
  const path = signed.service === 's3' ? request.rawPath : request.rawPath.split('/').map(uriEncode).join('/');
  const headerLines = signed.signedHeaders.map((name) => {
    const value = headers[name] ?? (name === 'host' ? headers[':authority'] : undefined);
    return `${name}:${String(value ?? '')
      .trim()
      .replace(/ +/g, ' ')}\n`;
  });
  const canonical = [
    request.method,
    path || '/',
    query,
    headerLines.join(''),
    signed.signedHeaders.join(';'),
    payload,
  ].join('\n');
  const toSign = `AWS4-HMAC-SHA256\n${signed.amzDate}\n${signed.date}/${signed.region}/${signed.service}/aws4_request\n${sha256(canonical)}`;
  return hmac(signingKey(secret, signed), toSign).toString('hex');
}
