import { randomBytes, randomUUID } from 'node:crypto';
import * as http from 'node:http';
import { closeServer, listenOnLoopback } from '../kernel/loopback.ts';
import type { Cloud } from '../kernel/types.ts';
import { CognitoAuthorizer } from './authorizer.ts';
import { compressed, decompressed } from './compression.ts';
import { type Answer, callFunction, mockAnswer } from './integration.ts';
import { LIMITS } from './limits.ts';
import { type Refusal, refusals } from './refusal.ts';
import { clfTime, type GatewayRequest, headerPairs, traceOf } from './request.ts';
import type { MethodConfig, RestApi } from './rest-api.ts';
import { type Context, render } from './template.ts';
import { Throttle } from './throttle.ts';
import { invalid } from './validation.ts';

interface Outcome {
  answer: Answer;
  refusal?: Refusal;
  cause?: string;
  integrationMs?: number;
}

/** Serves the REST APIs of the template on one port: `/<stage>/<path>`. */
export class ApiServer {
  readonly #cloud: Cloud;
  readonly #apis: readonly RestApi[];
  readonly #authorizer: CognitoAuthorizer;
  readonly #throttle = new Throttle();
  readonly #server: http.Server;

  constructor(cloud: Cloud, apis: readonly RestApi[]) {
    this.#cloud = cloud;
    this.#apis = apis;
    this.#authorizer = new CognitoAuthorizer(cloud);
    const options = { keepAliveTimeout: 60_000, maxHeaderSize: 64 * 1024, noDelay: true };
    this.#server = http.createServer(options, (incoming, outgoing) => void this.#serve(incoming, outgoing));
  }

  listen(port: number): Promise<void> {
    return listenOnLoopback(this.#server, port);
  }

  close(): Promise<void> {
    return closeServer(this.#server);
  }

  async #serve(incoming: http.IncomingMessage, outgoing: http.ServerResponse): Promise<void> {
    let answer: Answer;
    try {
      answer = await this.#respond(incoming);
    } catch (error) {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      this.#cloud.log({ source: 'apigateway', time: this.#cloud.clock(), text });
      answer = {
        status: 500,
        headers: { 'content-type': 'application/json' },
        body: Buffer.from('{"message":"Internal server error"}'),
      };
    }
    if (outgoing.destroyed) return;
    outgoing.writeHead(answer.status, { ...answer.headers, 'content-length': answer.body.length });
    outgoing.end(incoming.method === 'HEAD' ? undefined : answer.body);
  }

  async #respond(incoming: http.IncomingMessage): Promise<Answer> {
    const [rawPath = '/', rawQuery = ''] = (incoming.url ?? '/').split(/\?(.*)/s);
    const [, stageName = '', ...rest] = rawPath.split('/');
    const host = incoming.headers.host?.split('.')[0];
    const api = this.#apis.find(({ id }) => id === host) ?? this.#apis[0];
    const stage = api?.stages.get(stageName);
    if (!api || !stage) {
      return {
        status: 403,
        headers: { 'content-type': 'application/json', 'x-amzn-errortype': 'ForbiddenException' },
        body: Buffer.from('{"message":"Forbidden"}'),
      };
    }
    const path = `/${rest.join('/')}`;
    const httpMethod = incoming.method ?? 'GET';
    const match = api.match(httpMethod, path);
    const startedAt = this.#cloud.clock();
    const request: GatewayRequest = {
      api,
      stage,
      method: match?.method,
      httpMethod,
      path,
      pathParameters: match?.parameters ?? {},
      query: new URLSearchParams(rawQuery),
      headers: headerPairs(incoming),
      header: (name) => {
        const found = incoming.headers[name.toLowerCase()];
        return Array.isArray(found) ? found.join(', ') : found;
      },
      body: Buffer.alloc(0),
      requestId: randomUUID(),
      extendedRequestId: `${randomBytes(11).toString('base64url')}=`,
      sourceIp: (incoming.socket.remoteAddress ?? '127.0.0.1').replace(/^::ffff:/, ''),
      protocol: `HTTP/${incoming.httpVersion}`,
      traceId: traceOf(
        incoming.headers['x-amzn-trace-id'] as string | undefined,
        incoming.headers.traceparent as string | undefined,
        startedAt,
      ),
      segmentId: randomBytes(8).toString('hex'),
      startedAt,
    };
    const began = performance.now();
    const outcome = await this.#outcome(incoming, request);
    this.#record(request, outcome, performance.now() - began);
    const answer = compressed(outcome.answer, request);
    return {
      ...answer,
      headers: {
        ...answer.headers,
        'x-amzn-requestid': request.requestId,
        'x-amz-apigw-id': request.extendedRequestId,
        'x-amzn-trace-id': `Root=${request.traceId}`,
      },
    };
  }

  /** The gates in the gateway's order: size, route, throttling, token, shape, integration. */
  async #outcome(incoming: http.IncomingMessage, request: GatewayRequest): Promise<Outcome> {
    const { method } = request;
    const headerBytes =
      (incoming.url?.length ?? 0) +
      request.headers.reduce((sum, [name, content]) => sum + name.length + content.length, 0);
    if (headerBytes > LIMITS.maxHeaderBytes) return this.#refused(request, refusals.tooLarge());
    const body = await readBody(incoming);
    const plain = body && decompressed(body, request);
    if (!plain) return this.#refused(request, refusals.tooLarge());
    if (plain === 'damaged') return this.#refused(request, refusals.badRequest('The body could not be decompressed'));
    request.body = plain;
    if (!method) return this.#refused(request, refusals.noSuchRoute());
    if (method.authorization.kind === 'cognito') {
      const authorized = await this.#authorizer.authorize(
        request.header(method.authorization.header),
        method.authorization,
      );
      if ('refusal' in authorized) return this.#refused(request, authorized.refusal);
      request.claims = authorized.claims;
    }
    if (!this.#throttle.admits(request.stage, method, request.startedAt))
      return this.#refused(request, refusals.throttled());
    const fault = invalid(request, method);
    if (fault) return this.#refused(request, fault);
    const began = performance.now();
    const result = isLambda(method)
      ? await callFunction(this.#cloud, request, method)
      : mockAnswer(method as MethodConfig & { integration: { kind: 'mock' } }, contextOf(request));
    const integrationMs = performance.now() - began;
    if (!('refusal' in result)) return { answer: result, integrationMs };
    this.#cloud.log({
      source: 'apigateway',
      requestId: request.requestId,
      time: this.#cloud.clock(),
      text: `(${request.requestId}) Execution failed: ${result.cause}`,
    });
    return { ...this.#refused(request, result.refusal), cause: result.cause, integrationMs };
  }

  /** The template's gateway response for a refusal, or API Gateway's own. */
  #refused(request: GatewayRequest, refusal: Refusal): Outcome {
    const { responses } = request.api;
    const declared = responses.get(refusal.type) ?? responses.get(refusal.status < 500 ? 'DEFAULT_4XX' : 'DEFAULT_5XX');
    const status = declared?.status ?? refusal.status;
    const context = { ...contextOf(request), status, error: errorContext(refusal) };
    const accepted = request.header('accept') ?? '';
    const [type, template] = Object.entries(declared?.templates ?? {}).find(([mediaType]) =>
      accepted.includes(mediaType),
    ) ??
      Object.entries(declared?.templates ?? {})[0] ?? ['application/json', '{"message":$context.error.messageString}'];
    const headers = Object.fromEntries(
      Object.entries(declared?.headers ?? {}).map(([name, text]) => [name.toLowerCase(), text]),
    );
    return {
      refusal,
      answer: {
        status,
        headers: { 'content-type': type, 'x-amzn-errortype': errorType(refusal), ...headers },
        body: Buffer.from(render(template, context, '')),
      },
    };
  }

  #record(request: GatewayRequest, outcome: Outcome, latencyMs: number): void {
    const { api, stage } = request;
    const { status } = outcome.answer;
    const time = this.#cloud.clock();
    const datum = (name: string, value: number, unit: string) =>
      this.#cloud.metric({
        namespace: 'AWS/ApiGateway',
        name,
        value,
        unit,
        time,
        dimensions: { ApiName: api.name, Stage: stage.name },
      });
    datum('Count', 1, 'Count');
    datum('4XXError', status >= 400 && status < 500 ? 1 : 0, 'Count');
    datum('5XXError', status >= 500 ? 1 : 0, 'Count');
    datum('Latency', latencyMs, 'Milliseconds');
    if (outcome.integrationMs !== undefined) datum('IntegrationLatency', outcome.integrationMs, 'Milliseconds');
    if (stage.tracing) this.#cloud.segment(segmentOf(request, status, latencyMs));
    if (!stage.accessLog) return;
    const context = {
      ...contextOf(request),
      status,
      responseLatency: Math.round(latencyMs),
      responseLength: outcome.answer.body.length,
      integrationLatency: outcome.integrationMs === undefined ? undefined : Math.round(outcome.integrationMs),
      error: outcome.refusal ? errorContext(outcome.refusal) : undefined,
    };
    this.#cloud.log({
      source: 'apigateway',
      requestId: request.requestId,
      time,
      text: render(stage.accessLog.format, context, '-'),
    });
  }
}

const isLambda = (method: MethodConfig): method is MethodConfig & { integration: { kind: 'lambda' } } =>
  method.integration.kind === 'lambda';

const errorContext = (refusal: Refusal): Context => ({
  message: refusal.message,
  messageString: JSON.stringify(refusal.message),
  responseType: refusal.type,
  validationErrorString: refusal.validationErrors,
});

const ERROR_TYPES: Readonly<Record<string, string>> = {
  UNAUTHORIZED: 'UnauthorizedException',
  MISSING_AUTHENTICATION_TOKEN: 'MissingAuthenticationTokenException',
  BAD_REQUEST_BODY: 'BadRequestException',
  BAD_REQUEST_PARAMETERS: 'BadRequestException',
  THROTTLED: 'TooManyRequestsException',
  REQUEST_TOO_LARGE: 'RequestTooLargeException',
};
const errorType = (refusal: Refusal): string =>
  ERROR_TYPES[refusal.type] ?? (refusal.status < 500 ? 'ForbiddenException' : 'InternalServerErrorException');

const contextOf = (request: GatewayRequest): Context => ({
  requestId: request.requestId,
  extendedRequestId: request.extendedRequestId,
  apiId: request.api.id,
  stage: request.stage.name,
  httpMethod: request.httpMethod,
  path: `/${request.stage.name}${request.path}`,
  resourcePath: request.method?.resourcePath,
  resourceId: request.method?.resourceId,
  protocol: request.protocol,
  requestTime: clfTime(request.startedAt),
  requestTimeEpoch: request.startedAt,
  xrayTraceId: request.traceId,
  domainName: request.header('host'),
  identity: { sourceIp: request.sourceIp, userAgent: request.header('user-agent') },
  authorizer: request.claims ? { claims: request.claims } : undefined,
});

const segmentOf = (request: GatewayRequest, status: number, latencyMs: number): Record<string, unknown> => ({
  name: `${request.api.name}/${request.stage.name}`,
  id: request.segmentId,
  trace_id: request.traceId,
  origin: 'AWS::ApiGateway::Stage',
  start_time: request.startedAt / 1000,
  end_time: (request.startedAt + latencyMs) / 1000,
  http: {
    request: { method: request.httpMethod, url: request.path, client_ip: request.sourceIp },
    response: { status },
  },
  error: status >= 400 && status < 500,
  fault: status >= 500,
  throttle: status === 429,
  aws: { api_gateway: { request_id: request.requestId, rest_api_id: request.api.id, stage: request.stage.name } },
});

/** @returns undefined if the body is larger than a REST API takes; what is over is read and let go, so that the caller hears why. */
async function readBody(incoming: http.IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= LIMITS.maxPayloadBytes) chunks.push(chunk);
    else chunks.length = 0;
  }
  return bytes > LIMITS.maxPayloadBytes ? undefined : Buffer.concat(chunks);
}
