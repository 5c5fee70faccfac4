import type { APIGatewayProxyEvent, APIGatewayProxyResult, Context } from 'aws-lambda';
import type { Route } from '../../layers/contracts/api/route.ts';

type Handler = (event: APIGatewayProxyEvent, context: Context) => Promise<APIGatewayProxyResult>;

/** Clients that the API under test knows. */
export const CLIENT_IDS = 'dashboard,headend';

/** Claims of an access token that may call the route, as the Cognito authorizer passes them on. */
export function claimsFor(route: Route): Record<string, string> | undefined {
  if ('public' in route.access) return undefined;
  const [lowest] = route.access.groups;
  return {
    sub: 'someone',
    token_use: 'access',
    client_id: lowest ? 'dashboard' : 'headend',
    scope: route.access.scope,
    ...(lowest ? { 'cognito:groups': lowest } : {}),
  };
}

/** The event that API Gateway sends for a request of a route. */
export function apiEvent(
  route: Route,
  request: {
    params?: Record<string, string>;
    query?: Record<string, string>;
    headers?: Record<string, string>;
    body?: unknown;
    claims?: Record<string, string> | undefined;
  } = {},
): APIGatewayProxyEvent {
  const { params = {}, query = {}, body } = request;
  const text = body === undefined ? null : typeof body === 'string' ? body : JSON.stringify(body);
  const claims = 'claims' in request ? request.claims : claimsFor(route);
  return {
    httpMethod: route.method,
    resource: route.path,
    path: route.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => params[name] ?? ''),
    pathParameters: Object.keys(params).length === 0 ? null : params,
    queryStringParameters: query,
    multiValueQueryStringParameters: Object.fromEntries(Object.entries(query).map(([name, value]) => [name, [value]])),
    headers: { ...(text === null ? {} : { 'Content-Type': 'application/json' }), ...request.headers },
    multiValueHeaders: {},
    stageVariables: null,
    isBase64Encoded: false,
    body: text,
    requestContext: {
      requestId: crypto.randomUUID(),
      authorizer: claims === undefined ? null : { claims },
    } as unknown as APIGatewayProxyEvent['requestContext'],
  };
}

/** Calls a handler of the API; bodies are answered parsed. */
export async function callApi(
  handler: unknown,
  route: Route,
  request: Parameters<typeof apiEvent>[1] = {},
): Promise<{ status: number; headers: Record<string, unknown>; body: Record<string, unknown> }> {
  const answer = await (handler as Handler)(apiEvent(route, request), { awsRequestId: 'test' } as Context);
  return { status: answer.statusCode, headers: answer.headers ?? {}, body: JSON.parse(answer.body) };
}
