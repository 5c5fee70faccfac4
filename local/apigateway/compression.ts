import { deflateSync, gunzipSync, gzipSync, inflateSync } from 'node:zlib';
import type { Answer } from './integration.ts';
import { LIMITS } from './limits.ts';
import type { GatewayRequest } from './request.ts';

/** https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-enable-compression.html */
const CODINGS: Readonly<
  Record<string, { pack(bytes: Buffer): Buffer; unpack(bytes: Buffer, limit: { maxOutputLength: number }): Buffer }>
> = {
  gzip: { pack: gzipSync, unpack: gunzipSync },
  deflate: { pack: deflateSync, unpack: inflateSync },
};

/**
 * The request's body as the integration gets it: unpacked where the API has compression enabled and the request names a coding.
 * @returns undefined: more than a payload may have, packed or not
 */
export function decompressed(body: Buffer, request: GatewayRequest): Buffer | 'damaged' | undefined {
  const coding = CODINGS[request.header('content-encoding')?.trim().toLowerCase() ?? ''];
  if (request.api.minimumCompressionSize === undefined || !coding) return body;
  try {
    return coding.unpack(body, { maxOutputLength: LIMITS.maxPayloadBytes });
  } catch (failure) {
    return (failure as { code?: string }).code === 'ERR_BUFFER_TOO_LARGE' ? undefined : 'damaged';
  }
}

/** The answer, packed if it is large enough and the client takes it so. */
export function compressed(answer: Answer, request: GatewayRequest): Answer {
  const least = request.api.minimumCompressionSize;
  const taken = (request.header('accept-encoding') ?? '').split(',').map((word) => word.split(';')[0]?.trim() ?? '');
  const name = taken.find((word) => Object.hasOwn(CODINGS, word));
  const coding = name === undefined ? undefined : CODINGS[name];
  const already = Object.keys(answer.headers).some((header) => header.toLowerCase() === 'content-encoding');
  if (least === undefined || answer.body.length < least || !coding || already) return answer;
  return {
    ...answer,
    headers: { ...answer.headers, 'content-encoding': name as string },
    body: coding.pack(answer.body),
  };
}
