import { routes, routesById } from '../../../layers/contracts/api/routes.ts';
import { apiHandler, type UseCases } from '../../../layers/runtime/api-handler.ts';
import { CLIENT_IDS, callApi, claimsFor } from '../../harness/api-events.ts';

/** A use case that must not be reached answers what no response schema takes: reaching it is a 500, not a 401 or 403. */
const reached = Object.fromEntries(routes.map(({ id }) => [id, async () => Symbol('reached')]));
const handler = apiHandler(reached as unknown as UseCases<keyof typeof routesById>);

const declared = routes.filter(({ access }) => !('public' in access));

beforeAll(() => {
  process.env.API_CLIENT_IDS = CLIENT_IDS;
});

test('ids are those they are declared under, and no method and path is declared twice', () => {
  expect(routes.map(({ id }) => id)).toEqual(Object.keys(routesById));
  expect(new Set(routes.map(({ method, path }) => `${method} ${path}`)).size).toBe(routes.length);
  expect(declared.length).toBeGreaterThan(15);
});

describe.each(declared.map((route) => [`${route.method} ${route.path}`, route] as const))('%s', (_, route) => {
  const claims = claimsFor(route) ?? {};
  const statusWith = async (changes: Record<string, string> | undefined) => {
    const answer = await callApi(handler, route, { claims: changes && { ...claims, ...changes } });
    return answer.status;
  };

  test('without claims 401', async () => expect(await statusWith(undefined)).toBe(401));
  test('with an id token 401', async () => expect(await statusWith({ token_use: 'id' })).toBe(401));
  test('with a token of another client 401', async () => expect(await statusWith({ client_id: 'other' })).toBe(401));
  test('without the scope 403', async () => expect(await statusWith({ scope: 'openid grid/readx' })).toBe(403));
  test('in no group 403, unless it is a machine', async () => {
    const isMachine = 'groups' in route.access && route.access.groups.length === 0;
    const status = await statusWith({ 'cognito:groups': '[nobody]' });
    if (isMachine) expect(status).not.toBe(403);
    else expect(status).toBe(403);
  });
  test('every group declared is let in, and no other', async () => {
    const allowed = 'groups' in route.access ? route.access.groups : [];
    for (const group of ['viewer', 'analyst', 'operator', 'admin'] as const) {
      const status = await statusWith({ 'cognito:groups': group });
      expect([group, status === 403]).toEqual([group, allowed.length > 0 && !allowed.includes(group)]);
    }
  });
});
