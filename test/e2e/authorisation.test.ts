import { join } from 'node:path';
import * as z from 'zod';
import { type Group, groups } from '../../layers/contracts/api/access.ts';
import type { Route } from '../../layers/contracts/api/route.ts';
import { routes } from '../../layers/contracts/api/routes.ts';
import { synthesise } from '../../local/start/synthesis.ts';
import { Stack } from '../harness/stack.ts';
import { declaredMethods } from './declared-methods.ts';
import { forgedTokens, resigned } from './forged-tokens.ts';

const ROOT = join(import.meta.dirname, '../..');
const stateDir = join(ROOT, '.cache/e2e-authorisation');
const stack = new Stack({ portBase: 21600, stateDir });

type Guarded = Route & { access: Exclude<Route['access'], { public: true }> };
const guarded = routes.filter((route): route is Guarded => !('public' in route.access));
const open = routes.filter((route) => 'public' in route.access);

const tokens = new Map<string, string>();
const forged = new Map<string, Record<string, string>>();
const bearerOf = (route: Guarded): string => route.access.groups[0] ?? 'headend';
const tokenOf = (name: string): string => {
  const token = tokens.get(name);
  if (token === undefined) throw new Error(`no token of ${name}`);
  return token;
};

/** A request whose outline is right, so that only the token decides. */
async function ask(route: Route, authorization?: string): Promise<number> {
  const schema = route.body && z.toJSONSchema(route.body, { io: 'input' });
  const body = schema && JSON.stringify(Object.fromEntries((schema.required ?? []).map((name) => [name, []])));
  const response = await fetch(stack.endpoints().api + route.path.replaceAll(/\{\w+\}/g, 'nothing-of-this-name'), {
    method: route.method,
    ...(body ? { body } : {}),
    headers: {
      ...(body ? { 'content-type': 'application/json', 'idempotency-key': 'authorisation-test' } : {}),
      ...(authorization === undefined ? {} : { authorization }),
    },
  });
  const type = response.headers.get('content-type') ?? '';
  if (response.status >= 400 && !type.startsWith('application/problem+json')) {
    throw new Error(`${route.method} ${route.path} answered ${response.status} as ${type}`);
  }
  await response.body?.cancel();
  return response.status;
}

beforeAll(async () => {
  await stack.start({ fresh: true });
  for (const name of [...groups, 'headend']) tokens.set(name, await stack.token(name));
  for (const name of tokens.keys()) forged.set(name, await forgedTokens(tokenOf(name), stateDir));
}, 180_000);
afterAll(() => stack.stop(), 60_000);

test('there are routes to guard, and the templates declare exactly those of the contracts', async () => {
  expect(guarded.length).toBeGreaterThan(0);
  const { directory } = await synthesise(ROOT);
  const declared = declaredMethods(directory).map(({ method, path, scopes }) => [
    `${method} ${path}`,
    scopes ?? 'public',
  ]);
  const wanted = routes.map(({ method, path, access }) => [
    `${method} ${path}`,
    'public' in access ? 'public' : [access.scope],
  ]);
  expect(declared.sort()).toEqual(wanted.sort());
});

test.each(open)('$method $path is open to everyone', async (route) => {
  expect(await ask(route)).toBe(200);
});

describe.each(guarded)('$method $path', (route) => {
  test('lets in who may, so that a refusal below is of the token and of nothing else', async () => {
    const token = tokenOf(bearerOf(route));
    expect([401, 403]).not.toContain(await ask(route, `Bearer ${token}`));
    expect([401, 403]).not.toContain(await ask(route, `Bearer ${await resigned(token, stateDir)}`));
  });

  test('without a token: 401', async () => {
    expect([
      await ask(route),
      await ask(route, ''),
      await ask(route, 'Bearer'),
      await ask(route, 'Basic YTpi'),
    ]).toEqual([401, 401, 401, 401]);
  });

  test('with a forged token or another client’s: 401', async () => {
    const cases = Object.entries(forged.get(bearerOf(route)) ?? {});
    expect(cases.length).toBeGreaterThan(10);
    const statuses = await Promise.all(
      cases.map(async ([name, token]) => [name, await ask(route, `Bearer ${token}`)] as const),
    );
    expect(Object.fromEntries(statuses)).toEqual(Object.fromEntries(cases.map(([name]) => [name, 401])));
  });

  test('with the token of a group that may not: 403; of a person or machine without the scope: 401', async () => {
    const { access } = route;
    const machine = access.groups.length === 0;
    const others = [...groups, 'headend'].filter(
      (name) => !access.groups.includes(name as Group) && name !== bearerOf(route),
    );
    const statuses = await Promise.all(
      others.map(async (name) => [name, await ask(route, `Bearer ${tokenOf(name)}`)] as const),
    );
    const expected = others.map((name) => [name, machine || name === 'headend' ? 401 : 403]);
    expect(Object.fromEntries(statuses)).toEqual(Object.fromEntries(expected));
  });
});
