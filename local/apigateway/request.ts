import { randomBytes } from 'node:crypto';
import type * as http from 'node:http';
import type { MethodConfig, RestApi, StageConfig } from './rest-api.ts';

/** A request that reached a stage of a REST API. */
export interface GatewayRequest {
  api: RestApi;
  stage: StageConfig;
  method: MethodConfig | undefined;
  httpMethod: string;
  /** Below the stage, as sent. */
  path: string;
  pathParameters: Record<string, string>;
  query: URLSearchParams;
  /** Names as sent, in order. */
  headers: readonly (readonly [string, string])[];
  header(name: string): string | undefined;
  body: Buffer;
  requestId: string;
  extendedRequestId: string;
  sourceIp: string;
  protocol: string;
  traceId: string;
  /** Id of the stage's own segment, the parent of the function's. */
  segmentId: string;
  startedAt: number;
  claims?: Record<string, string>;
}

export function headerPairs(incoming: http.IncomingMessage): (readonly [string, string])[] {
  const { rawHeaders } = incoming;
  return Array.from(
    { length: rawHeaders.length / 2 },
    (_, pair) => [rawHeaders[2 * pair] as string, rawHeaders[2 * pair + 1] as string] as const,
  );
}

/** Trace of the caller if it sent one, else a new one. https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader */
export function traceOf(header: string | undefined, traceparent: string | undefined, now: number): string {
  const root = /Root=(1-[0-9a-f]{8}-[0-9a-f]{24})/.exec(header ?? '')?.[1];
  if (root) return root;
  const w3c = /^00-([0-9a-f]{8})([0-9a-f]{24})-[0-9a-f]{16}-[0-9a-f]{2}$/.exec(traceparent ?? '');
  if (w3c) return `1-${w3c[1]}-${w3c[2]}`;
  return `1-${Math.floor(now / 1000).toString(16)}-${randomBytes(12).toString('hex')}`;
}

const grouped = (pairs: Iterable<readonly [string, string]>): Map<string, string[]> => {
  const groups = new Map<string, string[]>();
  for (const [name, content] of pairs) {
    const list = groups.get(name);
    if (list) list.push(content);
    else groups.set(name, [content]);
  }
  return groups;
};

const lastOf = (groups: Map<string, string[]>) =>
  Object.fromEntries([...groups].map(([name, list]) => [name, list.at(-1) as string]));
const orNull = <T extends object>(map: T): T | null => (Object.keys(map).length === 0 ? null : map);

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const two = (number: number): string => String(number).padStart(2, '0');

/** `21/Nov/2020:20:13:27 +0000`, as `$context.requestTime`. */
export function clfTime(ms: number): string {
  const at = new Date(ms);
  return `${two(at.getUTCDate())}/${MONTHS[at.getUTCMonth()]}/${at.getUTCFullYear()}:${two(at.getUTCHours())}:${two(at.getUTCMinutes())}:${two(at.getUTCSeconds())} +0000`;
}

const isBinary = (type: string | undefined, binaryTypes: readonly string[]): boolean =>
  binaryTypes.some((binary) => binary === '*/*' || binary === type?.split(';')[0]?.trim());

/**
 * The event of Lambda proxy integration, format 1.0.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html#api-gateway-simple-proxy-for-lambda-input-format
 */
export function proxyEvent(request: GatewayRequest, method: MethodConfig, accountId: string): Record<string, unknown> {
  const { api, stage } = request;
  const host = request.header('host') ?? '';
  const headers = grouped([
    ...request.headers.filter(
      ([name]) =>
        !/^(connection|keep-alive|transfer-encoding|x-amzn-trace-id|x-forwarded-(?:for|port|proto))$/i.test(name),
    ),
    ['X-Amzn-Trace-Id', `Root=${request.traceId};Parent=${request.segmentId};Sampled=1`],
    ['X-Forwarded-For', [request.header('x-forwarded-for'), request.sourceIp].filter(Boolean).join(', ')],
    ['X-Forwarded-Port', '443'],
    ['X-Forwarded-Proto', 'https'],
  ]);
  const query = grouped(request.query);
  const base64 = isBinary(request.header('content-type'), api.binaryMediaTypes);
  return {
    resource: method.resourcePath,
    path: request.path,
    httpMethod: request.httpMethod,
    headers: lastOf(headers),
    multiValueHeaders: Object.fromEntries(headers),
    queryStringParameters: orNull(lastOf(query)),
    multiValueQueryStringParameters: orNull(Object.fromEntries(query)),
    pathParameters: orNull(request.pathParameters),
    stageVariables: orNull(stage.variables),
    requestContext: {
      resourceId: method.resourceId,
      ...(request.claims ? { authorizer: { claims: request.claims } } : {}),
      resourcePath: method.resourcePath,
      httpMethod: request.httpMethod,
      extendedRequestId: request.extendedRequestId,
      requestTime: clfTime(request.startedAt),
      path: `/${stage.name}${request.path}`,
      accountId,
      protocol: request.protocol,
      stage: stage.name,
      domainPrefix: host.split('.')[0] ?? '',
      requestTimeEpoch: request.startedAt,
      requestId: request.requestId,
      identity: {
        cognitoIdentityPoolId: null,
        accountId: null,
        cognitoIdentityId: null,
        caller: null,
        sourceIp: request.sourceIp,
        principalOrgId: null,
        accessKey: null,
        cognitoAuthenticationType: null,
        cognitoAuthenticationProvider: null,
        userArn: null,
        userAgent: request.header('user-agent') ?? null,
        user: null,
      },
      domainName: host,
      apiId: api.id,
    },
    body: request.body.length === 0 ? null : request.body.toString(base64 ? 'base64' : 'utf8'),
    isBase64Encoded: base64 && request.body.length > 0,
  };
}
