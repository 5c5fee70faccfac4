import { deflateSync, gzipSync } from 'node:zlib';
import { ApiGatewayProvider } from '../../../local/apigateway/index.ts';
import { LIMITS } from '../../../local/apigateway/limits.ts';
import { machineSignIn, signIn, type Tokens } from '../../../local/cli/sign-in.ts';
import { CognitoProvider } from '../../../local/cognito/index.ts';
import type { LocalCloud } from '../../../local/kernel/cloud.ts';
import { AwsFailure, type InvocationResult, type LogLine, type MetricDatum } from '../../../local/kernel/types.ts';
import { forgedTokens } from '../../e2e/forged-tokens.ts';
import { idOf, poolResources, type SmallCloud, smallCloud } from '../cognito/pool-template.ts';

const ECHO = 'arn:aws:lambda:ap-southeast-2:000000000000:function:echo';
const SHUT = 'arn:aws:lambda:ap-southeast-2:000000000000:function:shut';
const api = { RestApiId: { Ref: 'Api' } };
const path = (ParentId: unknown, PathPart: string) => ({
  Type: 'AWS::ApiGateway::Resource',
  Properties: { ...api, ParentId, PathPart },
});
const root = { 'Fn::GetAtt': ['Api', 'RootResourceId'] };
const lambda = (arn: string) => ({
  Type: 'AWS_PROXY',
  IntegrationHttpMethod: 'POST',
  Uri: `arn:aws:apigateway:ap-southeast-2:lambda:path/2015-03-31/functions/${arn}/invocations`,
});
const method = (HttpMethod: string, resource: unknown, extra: Record<string, unknown> = {}) => ({
  Type: 'AWS::ApiGateway::Method',
  Properties: {
    ...api,
    HttpMethod,
    ResourceId: resource,
    AuthorizationType: 'NONE',
    Integration: lambda(ECHO),
    ...extra,
  },
});
const scoped = (scope: string) => ({
  AuthorizationType: 'COGNITO_USER_POOLS',
  AuthorizerId: { Ref: 'Tokens' },
  AuthorizationScopes: [scope],
});
const problem = (ResponseType: string, StatusCode?: string) => ({
  Type: 'AWS::ApiGateway::GatewayResponse',
  Properties: {
    ...api,
    ResponseType,
    ...(StatusCode ? { StatusCode } : {}),
    ResponseParameters: { 'gatewayresponse.header.Content-Type': "'application/problem+json'" },
    ResponseTemplates: { 'application/json': '{"detail":$context.error.messageString,"instance":"$context.path"}' },
  },
});

const resources = {
  ...poolResources,
  Api: {
    Type: 'AWS::ApiGateway::RestApi',
    Properties: { Name: 'grid', BinaryMediaTypes: ['image/png'], MinimumCompressionSize: 1024 },
  },
  Tokens: {
    Type: 'AWS::ApiGateway::Authorizer',
    Properties: {
      ...api,
      Type: 'COGNITO_USER_POOLS',
      ProviderARNs: [{ 'Fn::GetAtt': ['Pool', 'Arn'] }],
      IdentitySource: 'method.request.header.Authorization',
    },
  },
  Checks: {
    Type: 'AWS::ApiGateway::RequestValidator',
    Properties: { ...api, ValidateRequestBody: true, ValidateRequestParameters: true },
  },
  Shape: {
    Type: 'AWS::ApiGateway::Model',
    Properties: {
      ...api,
      ContentType: 'application/json',
      Schema: {
        $schema: 'http://json-schema.org/draft-04/schema#',
        type: 'object',
        required: ['items'],
        properties: { items: { type: 'array' } },
      },
    },
  },
  Meters: path(root, 'meters'),
  Meter: path({ Ref: 'Meters' }, '{meterId}'),
  Files: path(root, 'files'),
  File: path({ Ref: 'Files' }, '{proxy+}'),
  Shut: path(root, 'shut'),
  Mock: path(root, 'mock'),
  Slow: path(root, 'slow'),
  GetMeters: method('GET', { Ref: 'Meters' }, { ...scoped('grid/read') }),
  PostMeters: method(
    'POST',
    { Ref: 'Meters' },
    {
      RequestValidatorId: { Ref: 'Checks' },
      RequestModels: { 'application/json': { Ref: 'Shape' } },
      RequestParameters: { 'method.request.header.Idempotency-Key': true },
    },
  ),
  GetMeter: method('GET', { Ref: 'Meter' }),
  GetFiles: method('GET', { Ref: 'Files' }, { ...scoped('grid/read'), AuthorizationScopes: undefined }),
  AnyFile: method('ANY', { Ref: 'File' }),
  GetShut: method('GET', { Ref: 'Shut' }, { Integration: lambda(SHUT) }),
  GetSlow: method('GET', { Ref: 'Slow' }, { Integration: { ...lambda(ECHO), TimeoutInMillis: 60 } }),
  Preflight: method(
    'OPTIONS',
    { Ref: 'Mock' },
    {
      Integration: {
        Type: 'MOCK',
        RequestTemplates: { 'application/json': '{ statusCode: 204 }' },
        IntegrationResponses: [
          {
            StatusCode: '204',
            ResponseParameters: { 'method.response.header.Access-Control-Allow-Origin': "'https://app.example'" },
          },
        ],
      },
    },
  ),
  Unauthorized: problem('UNAUTHORIZED', '401'),
  NoRoute: problem('MISSING_AUTHENTICATION_TOKEN', '404'),
  Others: problem('DEFAULT_5XX'),
  Deployed: { Type: 'AWS::ApiGateway::Deployment', Properties: { ...api } },
  Stage: {
    Type: 'AWS::ApiGateway::Stage',
    Properties: {
      ...api,
      StageName: 'v1',
      DeploymentId: { Ref: 'Deployed' },
      TracingEnabled: true,
      AccessLogSetting: {
        DestinationArn: 'arn:aws:logs:x',
        Format:
          '{"status":"$context.status","resource":"$context.resourcePath","sub":"$context.authorizer.claims.username"}',
      },
      MethodSettings: [{ HttpMethod: '*', ResourcePath: '/*', ThrottlingRateLimit: 1, ThrottlingBurstLimit: 40 }],
    },
  },
};

interface ProxyEvent {
  path: string;
  headers: Record<string, string>;
  multiValueQueryStringParameters: Record<string, string[]>;
  requestContext: { authorizer?: { claims: Record<string, string> }; path: string; stage: string };
  isBase64Encoded: boolean;
  body: string | null;
}

let small: SmallCloud;
let base: string;
let people: { clientId: string; scopes: string[]; redirectUri: string };
let tokens: Tokens;
const seen: { events: ProxyEvent[]; logs: LogLine[]; metrics: MetricDatum[]; segments: Record<string, unknown>[] } = {
  events: [],
  logs: [],
  metrics: [],
  segments: [],
};
/** What the function answers; the gateway's own behaviour is what is tried here, functions run in test/local/lambda. */
let answer: (event: ProxyEvent) => unknown;

const echoed = (event: ProxyEvent) => ({ statusCode: 200, headers: { 'X-Here': 'yes' }, body: JSON.stringify(event) });

function functions(cloud: LocalCloud): void {
  const allow = {
    Effect: 'Allow',
    Principal: { Service: 'apigateway.amazonaws.com' },
    Action: 'lambda:InvokeFunction',
    Resource: ECHO,
  };
  cloud.policies.setResourcePolicy(ECHO, 'api', { Version: '2012-10-17', Statement: [allow] } as never);
  cloud.setInvoker(async (_arn, event) => {
    seen.events.push(event as ProxyEvent);
    const result: InvocationResult = { payload: await answer(event as ProxyEvent), requestId: 'r', durationMs: 1 };
    return result;
  });
  cloud.events.on('log', (line) => seen.logs.push(line));
  cloud.events.on('metric', (datum) => seen.metrics.push(datum));
  cloud.events.on('segment', (segment) => seen.segments.push(segment));
}

beforeAll(async () => {
  small = await smallCloud({
    resources,
    providers: [new CognitoProvider(), new ApiGatewayProvider()],
    portBase: 21620,
    prepare: functions,
  });
  base = small.cloud.shared.apigateway?.url ?? '';
  people = { clientId: idOf(small, 'People'), scopes: ['openid', 'grid/read'], redirectUri: 'https://app.example/' };
  const viewer = small.cloud.shared.cognito?.users.find(({ group }) => group === 'viewer');
  tokens = await signIn(small.cloud.shared.cognito?.url ?? '', people, {
    username: 'viewer',
    password: viewer?.password ?? '',
  });
});
beforeEach(() => {
  answer = echoed;
});
afterAll(() => small.stop());

const get = (route: string, headers: Record<string, string> = {}) => fetch(base + route, { headers });
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

describe('what a function is given', () => {
  test('the event of Lambda proxy integration 1.0, claims as strings', async () => {
    const response = await get('/meters?tz=Z&kind=a&kind=b', bearer(tokens.access_token));
    expect([response.status, response.headers.get('x-here')]).toEqual([200, 'yes']);
    const event = (await response.json()) as ProxyEvent;
    expect(event).toMatchObject({
      resource: '/meters',
      path: '/meters',
      httpMethod: 'GET',
      queryStringParameters: { tz: 'Z', kind: 'b' },
      multiValueQueryStringParameters: { tz: ['Z'], kind: ['a', 'b'] },
      pathParameters: null,
      requestContext: {
        stage: 'v1',
        path: '/v1/meters',
        resourcePath: '/meters',
        authorizer: { claims: { 'cognito:groups': 'viewer', token_use: 'access', client_id: people.clientId } },
      },
      body: null,
      isBase64Encoded: false,
    });
    expect(event.requestContext.authorizer?.claims.exp).toMatch(/^\w{3} \w{3} \d\d \d\d:\d\d:\d\d UTC \d{4}$/);
    expect(event.headers['X-Amzn-Trace-Id']).toMatch(/^Root=1-[0-9a-f]{8}-[0-9a-f]{24};Parent=[0-9a-f]{16};Sampled=1$/);
  });

  test('path parameters, whole rests, and binary bodies in base64', async () => {
    expect(await (await get('/meters/m%201')).json()).toMatchObject({
      pathParameters: { meterId: 'm 1' },
      resource: '/meters/{meterId}',
    });
    const put = await fetch(`${base}/files/a/b.png`, {
      method: 'PUT',
      body: Buffer.from([255, 0]),
      headers: { 'content-type': 'image/png' },
    });
    expect(await put.json()).toMatchObject({
      pathParameters: { proxy: 'a/b.png' },
      isBase64Encoded: true,
      body: '/wA=',
    });
  });

  test('one access log line, metrics and a root segment a request', async () => {
    for (const list of Object.values(seen)) list.length = 0;
    await get('/meters', bearer(tokens.access_token));
    expect(seen.logs.map(({ text }) => text)).toEqual(['{"status":"200","resource":"/meters","sub":"viewer"}']);
    expect(seen.metrics.map(({ name }) => name)).toEqual([
      'Count',
      '4XXError',
      '5XXError',
      'Latency',
      'IntegrationLatency',
    ]);
    expect(seen.segments).toMatchObject([
      { name: 'grid/v1', origin: 'AWS::ApiGateway::Stage', http: { response: { status: 200 } } },
    ]);
  });
});

/** https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-integrate-with-cognito.html */
describe('the authorizer', () => {
  test('wants an access token where the method has scopes, and one with the scope', async () => {
    const machine = small.cloud.resources.find(({ logicalId }) => logicalId === 'Machine');
    const client = {
      clientId: machine?.physicalId ?? '',
      secret: String(machine?.attributes.ClientSecret),
      scopes: ['grid/ingest'],
    };
    const headend = await machineSignIn(small.cloud.shared.cognito?.url ?? '', client);
    const refused = [
      {},
      bearer('x.y.z'),
      bearer(tokens.id_token ?? ''),
      bearer(headend.access_token),
      bearer(`${tokens.access_token.slice(0, -4)}AAAA`),
    ];
    for (const headers of refused) {
      const response = await get('/meters', headers);
      expect([response.status, response.headers.get('content-type')]).toEqual([401, 'application/problem+json']);
      expect(await response.json()).toEqual({ detail: 'Unauthorized', instance: '/v1/meters' });
    }
    expect((await get('/meters', { authorization: tokens.access_token })).status).toBe(200);
  });

  test('refuses every forged token, and leaves the client to the function', async () => {
    const forged = await forgedTokens(tokens.access_token, small.cloud.stateDir);
    expect(Object.keys(forged).length).toBeGreaterThan(10);
    const statuses = await Promise.all(
      Object.entries(forged).map(
        async ([name, token]) => [name, (await get('/meters', bearer(token))).status] as const,
      ),
    );
    const expected = Object.keys(forged).map((name) => [name, name === 'another client of the same pool' ? 200 : 401]);
    expect(Object.fromEntries(statuses)).toEqual(Object.fromEntries(expected));
  });

  test('wants an id token where the method has no scopes', async () => {
    expect((await get('/files', bearer(tokens.id_token ?? ''))).status).toBe(200);
    expect((await get('/files', bearer(tokens.access_token))).status).toBe(401);
  });
});

/** https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-enable-compression.html */
describe('compression', () => {
  const post = (body: Uint8Array<ArrayBuffer>, coding: string) =>
    fetch(`${base}/meters`, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json', 'idempotency-key': 'k', 'content-encoding': coding },
    });

  test('a packed body is checked and passed on unpacked; a damaged one and a bomb are refused', async () => {
    const body = JSON.stringify({ items: ['x'.repeat(5000)] });
    expect((await post(gzipSync(body), 'gzip')).status).toBe(200);
    expect(seen.events.at(-1)).toMatchObject({ body });
    expect((await post(deflateSync(body), 'deflate')).status).toBe(200);
    expect((await post(gzipSync('{}'), 'gzip')).status).toBe(400);
    expect((await post(gzipSync(body).subarray(0, -9), 'gzip')).status).toBe(400);
    expect((await post(gzipSync(Buffer.alloc(LIMITS.maxPayloadBytes + 1)), 'gzip')).status).toBe(413);
  });

  test('an answer is packed from the least size on, for who takes it', async () => {
    const coding = async (bytes: number, taken: string) => {
      answer = () => ({ statusCode: 200, body: 'a'.repeat(bytes) });
      const found = await fetch(`${base}/files/x`, { method: 'PUT', body: 'x', headers: { 'accept-encoding': taken } });
      expect(await found.text()).toHaveLength(bytes);
      return found.headers.get('content-encoding');
    };
    expect([await coding(1024, 'gzip'), await coding(1023, 'gzip'), await coding(1024, 'identity')]).toEqual([
      'gzip',
      null,
      null,
    ]);
  });
});

/** https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html */
describe('refusals of the gateway', () => {
  test('no such route or verb is the template’s answer for a missing token; no such stage is Forbidden', async () => {
    expect((await get('/nothing')).status).toBe(404);
    expect((await fetch(`${base}/meters`, { method: 'DELETE' })).status).toBe(404);
    expect((await fetch(base.replace('/v1', '/v2/meters'))).status).toBe(403);
  });

  test('a body that does not fit its model, a missing parameter', async () => {
    const post = async (
      body: string,
      headers: Record<string, string> = { 'idempotency-key': 'k' },
      type = 'application/json',
    ) =>
      (await fetch(`${base}/meters`, { method: 'POST', body, headers: { 'content-type': type, ...headers } })).status;
    expect(await post('{"items":[]}')).toBe(200);
    expect(await post('{}')).toBe(400);
    expect(await post('{"items":')).toBe(400);
    expect(await post('{"items":[]}', {})).toBe(400);
    expect(await post('anything', { 'idempotency-key': 'k' }, 'text/plain')).toBe(200);
  });

  test('10 MB at the limit and one byte past it; an event of more than 6 MB does not fit Lambda', async () => {
    const size = async (bytes: number) =>
      (await fetch(`${base}/files/big`, { method: 'PUT', body: Buffer.alloc(bytes, 97) })).status;
    expect(await size(LIMITS.maxEventBytes - 10_000)).toBe(200);
    expect(await size(LIMITS.maxEventBytes)).toBe(413);
    expect(await size(LIMITS.maxPayloadBytes + 1)).toBe(413);
    expect((await get('/files/x', { 'x-long': 'a'.repeat(LIMITS.maxHeaderBytes) })).status).toBe(413);
  });

  test('a function that answers with something else, throws, is late, or does not let the API in', async () => {
    for (const payload of [
      'text',
      null,
      { status: 200 },
      { statusCode: 'no' },
      { statusCode: 200, body: {} },
      { statusCode: 200, extra: 1 },
    ]) {
      answer = () => payload;
      expect((await get('/meters/m1')).status).toBe(502);
    }
    answer = () => {
      throw new AwsFailure('ServiceException', 'broken', 500);
    };
    expect((await get('/meters/m1')).status).toBe(500);
    answer = () => new Promise((resolve) => setTimeout(() => resolve({ statusCode: 200 }), 200).unref());
    expect((await get('/slow')).status).toBe(504);
    expect((await get('/shut')).status).toBe(500);
    expect(seen.logs.at(-2)?.text).toContain('Invalid permissions on Lambda function');
  });

  test('more than the burst of a method is 429', async () => {
    const statuses = await Promise.all(Array.from({ length: 60 }, () => get('/files/x').then(({ status }) => status)));
    expect(new Set(statuses)).toEqual(new Set([200, 429]));
    expect(statuses.filter((status) => status === 200).length).toBeLessThanOrEqual(41);
  });

  test('a mock integration answers by itself', async () => {
    const response = await fetch(`${base}/mock`, { method: 'OPTIONS' });
    expect([response.status, response.headers.get('access-control-allow-origin')]).toEqual([
      204,
      'https://app.example',
    ]);
  });
});
