import { AwsFailure, type Cloud } from '../kernel/types.ts';
import { LIMITS } from './limits.ts';
import { type Refusal, refusals } from './refusal.ts';
import { type GatewayRequest, proxyEvent } from './request.ts';
import type { MethodConfig } from './rest-api.ts';
import { type Context, render } from './template.ts';

export interface Answer {
  status: number;
  headers: Record<string, string | string[]>;
  body: Buffer;
}

const isRecord = (thing: unknown): thing is Record<string, unknown> =>
  typeof thing === 'object' && thing !== null && !Array.isArray(thing);
const isScalar = (thing: unknown): boolean => ['string', 'number', 'boolean'].includes(typeof thing);

/** Headers that the gateway renames, so that they do not speak for the gateway itself. https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html */
const REMAPPED = new Set(['authorization', 'date', 'server', 'www-authenticate']);
const DROPPED = new Set(['connection', 'transfer-encoding', 'content-length', 'keep-alive', 'upgrade', 'trailer']);

/**
 * What a function's answer comes to: `{ statusCode, headers, multiValueHeaders, body, isBase64Encoded }` and nothing else,
 * "Otherwise, API Gateway returns a 502 Bad Gateway error response".
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html#api-gateway-simple-proxy-for-lambda-output-format
 */
export function proxyAnswer(payload: unknown): Answer | undefined {
  if (!isRecord(payload)) return undefined;
  const { statusCode, headers = {}, multiValueHeaders = {}, body = '', isBase64Encoded = false, ...others } = payload;
  const status = Number(statusCode ?? Number.NaN);
  if (Object.keys(others).length > 0 || !Number.isInteger(status) || status < 100 || status > 599) return undefined;
  if (body !== null && typeof body !== 'string') return undefined;
  const single = headers ?? {};
  const multiple = multiValueHeaders ?? {};
  if (!isRecord(single) || !Object.values(single).every(isScalar)) return undefined;
  if (!isRecord(multiple) || !Object.values(multiple).every((list) => Array.isArray(list) && list.every(isScalar)))
    return undefined;
  const out: Answer['headers'] = {};
  const put = (name: string, content: string | string[]) => {
    const lower = name.toLowerCase();
    if (!DROPPED.has(lower)) out[REMAPPED.has(lower) ? `x-amzn-remapped-${lower}` : lower] = content;
  };
  for (const [name, content] of Object.entries(single)) put(name, String(content));
  for (const [name, list] of Object.entries(multiple)) put(name, (list as unknown[]).map(String));
  out['content-type'] ??= 'application/json';
  return { status, headers: out, body: Buffer.from(body ?? '', isBase64Encoded === true ? 'base64' : 'utf8') };
}

/** Calls the function behind a method as the API, so that the function's own policy has to allow it. */
export async function callFunction(
  cloud: Cloud,
  request: GatewayRequest,
  method: MethodConfig & { integration: { kind: 'lambda' } },
): Promise<Answer | { refusal: Refusal; cause: string }> {
  const { functionArn, timeoutMs } = method.integration;
  const event = proxyEvent(request, method, cloud.accountId);
  if (Buffer.byteLength(JSON.stringify(event)) > LIMITS.maxEventBytes) {
    return { refusal: refusals.tooLarge(), cause: 'the event is larger than Lambda takes' };
  }
  const path = request.path === '/' ? '/' : request.path.replace(/\/$/, '');
  const sourceArn = cloud.arn('execute-api', `${request.api.id}/${request.stage.name}/${request.httpMethod}${path}`);
  const limit = Math.min(timeoutMs, LIMITS.maxIntegrationMs);
  let timer: NodeJS.Timeout | undefined;
  const timeUp = new Promise<'late'>((resolve) => {
    timer = setTimeout(() => resolve('late'), limit);
  });
  try {
    const invocation = cloud.invoke(functionArn, event, {
      kind: 'service',
      service: 'apigateway.amazonaws.com',
      sourceArn,
      sourceAccount: cloud.accountId,
    });
    const result = await Promise.race([invocation, timeUp]);
    if (result === 'late') {
      invocation.catch(() => {});
      return { refusal: refusals.timedOut(), cause: `no answer within ${limit} ms` };
    }
    if (result.functionError)
      return {
        refusal: refusals.badIntegration(),
        cause: `${result.functionError.errorType}: ${result.functionError.errorMessage}`,
      };
    return (
      proxyAnswer(result.payload) ?? { refusal: refusals.badIntegration(), cause: 'Malformed Lambda proxy response' }
    );
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    const denied = error instanceof AwsFailure && error.code === 'AccessDeniedException';
    return {
      refusal: refusals.misconfigured(),
      cause: denied ? `Invalid permissions on Lambda function: ${cause}` : cause,
    };
  } finally {
    clearTimeout(timer);
  }
}

/** A mock integration: the request template names the status, the response of that status is rendered. */
export function mockAnswer(
  method: MethodConfig & { integration: { kind: 'mock' } },
  context: Context,
): Answer | { refusal: Refusal; cause: string } {
  const { requestTemplates, responses } = method.integration;
  const wanted = /"?statusCode"?\s*:\s*(\d{3})/.exec(requestTemplates['application/json'] ?? '')?.[1];
  const response =
    responses.find(({ pattern }) => wanted && pattern && new RegExp(`^(?:${pattern})$`).test(wanted)) ??
    responses.find(({ pattern }) => !pattern);
  if (!wanted || !response)
    return { refusal: refusals.misconfigured(), cause: 'No match for output mapping and no default endpoint response' };
  const [type, template] = Object.entries(response.templates)[0] ?? ['application/json', ''];
  const headers = Object.fromEntries(
    Object.entries(response.headers).map(([name, text]) => [name.toLowerCase(), text]),
  );
  return {
    status: response.status,
    headers: { 'content-type': type, ...headers },
    body: Buffer.from(render(template, context, '')),
  };
}
