import { type Group, groups } from '../contracts/api/access.ts';
import type { Route } from '../contracts/api/route.ts';
import { type ApiProblem, apiProblem } from './api-problem.ts';

/** Who calls: a person in groups, or a machine without any. */
export interface Caller {
  subject: string;
  clientId: string;
  groups: readonly Group[];
}

export const ANONYMOUS: Caller = { subject: '', clientId: '', groups: [] };

type Claims = Readonly<Record<string, unknown>>;

const words = (claim: unknown): string[] =>
  String(claim ?? '')
    .replace(/^\[|\]$/g, '')
    .split(/[\s,]+/)
    .filter((word) => word !== '');

/**
 * The caller of a route, or the problem. The gateway has verified the token's signature, issuer and expiry; that it is an access
 * token, of a client of ours, with the route's scope, of a person in one of the route's groups, is checked here too: access
 * tokens have no audience, and the authorizer knows neither clients nor groups.
 * @param clientIds clients of the user pool that may call this API
 */
export function callerOf(
  route: Route,
  claims: Claims | null | undefined,
  clientIds: ReadonlySet<string>,
): Caller | ApiProblem {
  if ('public' in route.access) return ANONYMOUS;
  if (!claims) return apiProblem('unauthenticated', 'The request carries no verified token');
  if (claims.token_use !== 'access') return apiProblem('unauthenticated', 'The token is not an access token');
  const clientId = String(claims.client_id ?? '');
  if (!clientIds.has(clientId))
    return apiProblem('unauthenticated', 'The token was issued to a client of something else');
  if (!words(claims.scope).includes(route.access.scope)) {
    return apiProblem('forbidden', `The token lacks the scope ${route.access.scope}`);
  }
  const held = words(claims['cognito:groups']);
  const memberships = groups.filter((group) => held.includes(group));
  const allowed = route.access.groups;
  if (allowed.length > 0 && !memberships.some((group) => allowed.includes(group))) {
    return apiProblem('forbidden', `This takes one of the groups ${allowed.join(', ')}`);
  }
  return { subject: String(claims.sub ?? clientId), clientId, groups: memberships };
}
