import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import { captureLambdaHandler } from '@aws-lambda-powertools/tracer/middleware';
import middy from '@middy/core';
import type { APIGatewayProxyEvent, APIGatewayProxyResult } from 'aws-lambda';
import type * as z from 'zod';
import type { Route } from '../contracts/api/route.ts';
import { type RouteId, routesById } from '../contracts/api/routes.ts';
import { StoreUnavailable } from '../domain/store-unavailable.ts';
import { ApiProblem, apiProblem } from './api-problem.ts';
import { type ApiRequest, parseRequest } from './api-request.ts';
import { callerOf } from './caller.ts';
import { log, logger, tracer } from './observability.ts';

/** Decides one route: its response, or a problem. A bug throws. */
export type UseCase<Id extends RouteId> = (
  request: ApiRequest<(typeof routesById)[Id]>,
) => Promise<z.infer<(typeof routesById)[Id]['response']> | ApiProblem>;

export type UseCases<Ids extends RouteId> = { readonly [Id in Ids]: UseCase<Id> };

/** https://cheatsheetseries.owasp.org/cheatsheets/REST_Security_Cheat_Sheet.html#security-headers */
const SECURITY_HEADERS = {
  'Strict-Transport-Security': 'max-age=63072000; includeSubDomains',
  'X-Content-Type-Options': 'nosniff',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'Referrer-Policy': 'no-referrer',
};

const INTERNAL = apiProblem('internal', 'The fault is ours; the correlation id finds it in the logs');

/** Lambda handler behind the REST API for the routes of the given use cases. `API_CLIENT_IDS` names who may call. */
export function apiHandler<Ids extends RouteId>(useCases: UseCases<Ids>, clock: () => number = Date.now) {
  const routes: Route[] = (Object.keys(useCases) as Ids[]).map((id) => routesById[id]);
  const answer = async (event: APIGatewayProxyEvent): Promise<APIGatewayProxyResult> => {
    const started = clock();
    const correlationId = event.requestContext.requestId;
    const route = routes.find(({ method, path }) => method === event.httpMethod && path === event.resource);
    const outcome = route
      ? await decide(route, useCases[route.id as Ids] as unknown as Decide, event, clock)
      : apiProblem('not-found', `No route ${event.httpMethod} ${event.resource}`);
    const result = resultOf(route, outcome, event, correlationId);
    log.info('REQUEST_ANSWERED', {
      route: route?.id,
      status: result.statusCode,
      durationMs: clock() - started,
      correlationId,
    });
    return result;
  };
  return middy<APIGatewayProxyEvent, APIGatewayProxyResult>()
    .use(captureLambdaHandler(tracer, { captureResponse: false }))
    .use(injectLambdaContext(logger, { clearState: true }))
    .handler(answer);
}

type Decide = (request: ApiRequest) => Promise<unknown>;

async function decide(route: Route, useCase: Decide, event: APIGatewayProxyEvent, clock: () => number) {
  try {
    const clientIds = new Set((process.env.API_CLIENT_IDS ?? '').split(',').filter(Boolean));
    const caller = callerOf(route, event.requestContext.authorizer?.claims, clientIds);
    if (caller instanceof ApiProblem) return caller;
    const parts = parseRequest(route, event);
    if (parts instanceof ApiProblem) return parts;
    const correlationId = event.requestContext.requestId;
    const outcome = await useCase({ ...parts, caller, correlationId, now: clock() });
    if (outcome instanceof ApiProblem) return outcome;
    const response = route.response.safeParse(outcome);
    if (response.success) return response.data;
    const places = response.error.issues.slice(0, 20).map(({ path, code }) => `${path.join('.')}: ${code}`);
    log.warn('RESPONSE_BREAKS_CONTRACT', { route: route.id, places, correlationId });
    return INTERNAL;
  } catch (failure) {
    log.error('REQUEST_FAILED', failure, { route: route.id, correlationId: event.requestContext.requestId });
    if (!(failure instanceof StoreUnavailable)) return INTERNAL;
    const { retryAfterSeconds } = failure;
    return new ApiProblem({ code: 'unavailable', detail: 'A store does not answer just now', retryAfterSeconds });
  }
}

function resultOf(
  route: Route | undefined,
  outcome: unknown,
  event: APIGatewayProxyEvent,
  correlationId: string,
): APIGatewayProxyResult {
  const headers = { ...SECURITY_HEADERS, 'X-Correlation-Id': correlationId };
  if (outcome instanceof ApiProblem) {
    const document = outcome.document(event.path);
    return {
      statusCode: document.status,
      headers: {
        ...headers,
        'Content-Type': 'application/problem+json',
        'Cache-Control': 'no-store',
        ...(outcome.retryAfterSeconds === undefined ? {} : { 'Retry-After': String(outcome.retryAfterSeconds) }),
      },
      body: JSON.stringify(document),
    };
  }
  return {
    statusCode: route?.status ?? 200,
    headers: {
      ...headers,
      'Content-Type': 'application/json',
      'Cache-Control': cacheControl(route),
      // What one caller's browser keeps is no answer to the next who signs in there.
      ...(route && 'public' in route.access ? {} : { Vary: 'Authorization' }),
    },
    body: JSON.stringify(outcome),
  };
}

const cacheControl = (route: Route | undefined): string => {
  if (!route || route.cache === 'no-store') return 'no-store';
  return `${'public' in route.access ? 'public' : 'private'}, max-age=${route.cache.maxAgeSeconds}`;
};
