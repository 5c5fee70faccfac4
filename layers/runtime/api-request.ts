import type { APIGatewayProxyEvent } from 'aws-lambda';
import type * as z from 'zod';
import type { Violation } from '../contracts/api/problem.ts';
import type { Route } from '../contracts/api/route.ts';
import { parseStrictJson } from '../domain/messages/strict-json.ts';
import { ApiProblem, apiProblem, violationsIn } from './api-problem.ts';
import type { Caller } from './caller.ts';

type Parsed<R extends Route, Part extends keyof R> = R[Part] extends z.ZodType ? z.infer<R[Part]> : undefined;

/** A request as its route declares it, parsed. */
export interface ApiRequest<R extends Route = Route> {
  params: Parsed<R, 'params'>;
  query: Parsed<R, 'query'>;
  headers: Parsed<R, 'headers'>;
  body: Parsed<R, 'body'>;
  /** Paths of the body's numbers whose text says more than a double holds. */
  inexact: ReadonlySet<string>;
  caller: Caller;
  correlationId: string;
  /** Epoch ms of the request. */
  now: number;
}

type Parts = Pick<ApiRequest, 'params' | 'query' | 'headers' | 'body' | 'inexact'>;

const lowerCased = (headers: Readonly<Record<string, string | undefined>>): Record<string, string | undefined> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));

/** Header of the request, whatever its case. */
export const header = (event: APIGatewayProxyEvent, name: string): string | undefined =>
  lowerCased(event.headers ?? {})[name];

/** A query parameter given twice is a list, which no schema takes: silently using the last one would hide the mistake. */
const queryOf = (event: APIGatewayProxyEvent): Record<string, string | string[]> =>
  Object.fromEntries(
    Object.entries(event.multiValueQueryStringParameters ?? {}).map(([name, values = []]) => [
      name,
      values.length === 1 ? (values[0] ?? '') : values,
    ]),
  );

const paramsOf = (event: APIGatewayProxyEvent): Record<string, string | undefined> =>
  Object.fromEntries(Object.entries(event.pathParameters ?? {}).map(([name, value]) => [name, decode(value ?? '')]));

const decode = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};

/** A body as it was read. */
interface Body {
  value: unknown;
  inexact: ReadonlySet<string>;
}

const NO_BODY: Body = { value: undefined, inexact: new Set() };

const bodyOf = (event: APIGatewayProxyEvent, maxBytes: number | undefined): Body | ApiProblem => {
  if (!/^application\/json\b/i.test(header(event, 'content-type') ?? '')) {
    return apiProblem('unsupported-media-type', 'Send Content-Type: application/json');
  }
  const bytes = Buffer.from(event.body ?? '', event.isBase64Encoded ? 'base64' : 'utf8');
  if (maxBytes !== undefined && bytes.length > maxBytes) {
    return apiProblem('payload-too-large', `The body has ${bytes.length} bytes, at most ${maxBytes} are taken`);
  }
  const json = parseStrictJson(bytes);
  if (json.ok) return json;
  return apiProblem(
    'invalid-request',
    'The body is not one JSON document in UTF-8 that can be read in only one way',
    json.reasons.map(({ path, message }) => ({ path: path === '' ? 'body' : `body.${path}`, message })),
  );
};

/** All parts of a request by the schemas of its route, or one problem that names every violation. */
export function parseRequest(route: Route, event: APIGatewayProxyEvent): Parts | ApiProblem {
  const violations: Violation[] = [];
  const parse = (part: string, schema: z.ZodType | undefined, input: unknown): unknown => {
    if (!schema) return undefined;
    const parsed = schema.safeParse(input);
    if (parsed.success) return parsed.data;
    violations.push(...violationsIn(part, input, parsed.error));
    return undefined;
  };
  const params = parse('path', route.params, paramsOf(event));
  const query = parse('query', route.query, queryOf(event));
  const headers = parse('headers', route.headers, lowerCased(event.headers ?? {}));
  const body = route.body ? bodyOf(event, route.maxBodyBytes) : NO_BODY;
  if (body instanceof ApiProblem) {
    if (violations.length === 0 || body.code !== 'invalid-request') return body;
    return apiProblem('invalid-request', 'See violations', [...violations, ...body.violations]);
  }
  const parsedBody = parse('body', route.body, body.value);
  if (violations.length > 0) return apiProblem('invalid-request', 'See violations', violations);
  return { params, query, headers, body: parsedBody, inexact: body.inexact } as Parts;
}
