import type * as z from 'zod';
import type { routesById } from '../../../layers/contracts/api/routes.ts';
import type { Session } from './session.ts';

/** Put in by the build from `layers/contracts/api/routes.ts`. */
declare const ROUTES: Readonly<Record<string, { method: string; path: string }>>;

type Routes = typeof routesById;
/** Routes the dashboard may read. */
export type ReadRoute = { [R in keyof Routes]: Routes[R]['method'] extends 'GET' ? R : never }[keyof Routes];
/** Routes that change something. */
export type WriteRoute = Exclude<keyof Routes, ReadRoute>;
export type Answer<R extends keyof Routes> = z.infer<Routes[R]['response']>;
type Part<R extends keyof Routes, P extends string> =
  Routes[R] extends Record<P, z.ZodType> ? z.input<Routes[R][P]> : undefined;
export interface Call<R extends ReadRoute> {
  params?: Part<R, 'params'>;
  query?: Part<R, 'query'>;
}

export interface Act<R extends WriteRoute> {
  params?: Part<R, 'params'>;
  query?: Part<R, 'query'>;
  headers?: Part<R, 'headers'>;
  body?: Part<R, 'body'>;
}

/** A problem document of the API (RFC 9457), or what kept a request from being answered at all. */
export class ApiProblem extends Error {
  readonly status: number;
  readonly violations: readonly { path: string; message: string }[];
  constructor(status: number, message: string, violations: readonly { path: string; message: string }[] = []) {
    super(message);
    this.status = status;
    this.violations = violations;
  }
  /** Whether asking again may help. */
  get passing(): boolean {
    return this.status === 0 || this.status === 401 || this.status === 429 || this.status >= 500;
  }
}

/** Path and query of a call, below the API's base. */
export const addressOf = (path: string, call: { params?: object | undefined; query?: object | undefined }): string => {
  const params = (call.params ?? {}) as Record<string, string>;
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(params[name] ?? ''));
  const entries = Object.entries(call.query ?? {}).filter(([, v]) => v !== undefined);
  const query = new URLSearchParams(entries.map(([name, v]) => [name, String(v)])).toString();
  return query === '' ? filled : `${filled}?${query}`;
};

export const addressOfRoute = <R extends ReadRoute>(route: R, call: Call<R>): string =>
  addressOf(ROUTES[route]?.path ?? '', { params: call.params as object, query: call.query as object });

/** Reads one address of the API. @throws ApiProblem. */
export const read = (session: Session, apiBase: string, address: string): Promise<unknown> =>
  send(session, apiBase + address, { headers: { accept: 'application/json' } });

/** Calls a route that changes something. @throws ApiProblem. */
export const write = async <R extends WriteRoute>(
  session: Session,
  apiBase: string,
  route: R,
  act: Act<R>,
): Promise<Answer<R>> => {
  const { method, path } = ROUTES[route] ?? { method: 'POST', path: '' };
  const address = apiBase + addressOf(path, { params: act.params as object, query: act.query as object });
  const headers = { accept: 'application/json', 'content-type': 'application/json', ...(act.headers as object) };
  const body = act.body === undefined ? {} : { body: JSON.stringify(act.body) };
  return (await send(session, address, { method, headers, ...body })) as Answer<R>;
};

const send = async (session: Session, address: string, request: RequestInit): Promise<unknown> => {
  let answer: Response;
  try {
    const token = await session.token();
    if (token === undefined) throw new ApiProblem(401, 'The session has ended: sign in again');
    answer = await fetch(address, { ...request, headers: { ...request.headers, authorization: `Bearer ${token}` } });
  } catch (failure) {
    if (failure instanceof ApiProblem) throw failure;
    throw new ApiProblem(0, 'The service cannot be reached');
  }
  if (answer.ok) return answer.status === 204 ? undefined : answer.json();
  if (answer.status === 401) session.refused();
  const problem = (await answer.json().catch(() => ({}))) as {
    title?: string;
    detail?: string;
    violations?: { path: string; message: string }[];
  };
  throw new ApiProblem(
    answer.status,
    problem.detail ?? problem.title ?? `The service answered ${answer.status}`,
    problem.violations,
  );
};

/** Reads every page of a route that answers `next`, its lists put together. */
export const readAll = async (session: Session, apiBase: string, address: string): Promise<unknown> => {
  const whole = (await read(session, apiBase, address)) as Record<string, unknown>;
  let next = whole.next;
  while (typeof next === 'string') {
    const page = (await read(
      session,
      apiBase,
      `${address}${address.includes('?') ? '&' : '?'}cursor=${next}`,
    )) as Record<string, unknown>;
    for (const [name, part] of Object.entries(page)) {
      const before = whole[name];
      if (Array.isArray(part) && Array.isArray(before)) before.push(...part);
    }
    next = page.next;
  }
  return whole;
};
