import * as z from 'zod';
import { problem, problems } from './problem.ts';
import type { Route } from './route.ts';
import { routes } from './routes.ts';

type Json = Record<string, unknown>;

/** Problems that any route with a token, or with anything to get wrong, may answer. */
const commonProblems = (route: Route): (keyof typeof problems)[] => [
  ...(route.query || route.params || route.body ? (['invalid-request'] as const) : []),
  ...('public' in route.access ? [] : (['unauthenticated', 'forbidden'] as const)),
  ...(route.body ? (['unsupported-media-type'] as const) : []),
  'internal',
  'unavailable',
];

/** Named schemas (`.meta({ id })`) become components, referenced from wherever they stand. */
class Components {
  readonly schemas: Json = {};

  /** Requests are described as they are sent (`input`), responses as they are answered (`output`). */
  schema(type: z.ZodType, io: 'input' | 'output'): Json {
    const {
      $schema: _,
      $defs = {},
      ...schema
    } = z.toJSONSchema(type, {
      target: 'draft-2020-12',
      io,
      reused: 'inline',
    }) as Json & { $defs?: Json };
    for (const [name, definition] of Object.entries($defs)) this.schemas[name] = relocate(definition);
    return relocate(withoutIds(schema)) as Json;
  }
}

const withoutIds = (schema: Json): Json => {
  const { id: _, ...rest } = schema;
  return rest;
};

/** `#/$defs/X` of a schema is `#/components/schemas/X` of the document. */
const relocate = (node: unknown): unknown => {
  if (Array.isArray(node)) return node.map(relocate);
  if (typeof node !== 'object' || node === null) return node;
  return Object.fromEntries(
    Object.entries(node).flatMap(([key, value]) => {
      if (key === '$ref' && typeof value === 'string')
        return [[key, value.replace('#/$defs/', '#/components/schemas/')]];
      return [[key, relocate(value)]];
    }),
  );
};

const parameters = (
  components: Components,
  place: 'path' | 'query' | 'header',
  schema: z.ZodObject | undefined,
): Json[] =>
  Object.entries(schema?.shape ?? {}).map(([name, type]) => {
    const described = components.schema(type as z.ZodType, 'input');
    return {
      name: place === 'header' ? name.replaceAll(/\b[a-z]/g, (first) => first.toUpperCase()) : name,
      in: place,
      required: !(type as z.ZodType).safeParse(undefined).success,
      schema: described,
    };
  });

const operation = (components: Components, route: Route): Json => {
  const failures = Map.groupBy([...commonProblems(route), ...(route.problems ?? [])], (code) => problems[code].status);
  return {
    operationId: route.id,
    summary: route.summary,
    tags: [route.function],
    security:
      'public' in route.access
        ? []
        : [{ [route.access.groups.length > 0 ? 'signIn' : 'headend']: [route.access.scope] }],
    ...('public' in route.access ? {} : { 'x-groups': route.access.groups }),
    parameters: [
      ...parameters(components, 'path', route.params),
      ...parameters(components, 'query', route.query),
      ...parameters(components, 'header', route.headers),
    ],
    ...(route.body
      ? {
          requestBody: {
            required: true,
            content: { 'application/json': { schema: components.schema(route.body, 'input') } },
          },
        }
      : {}),
    responses: {
      [route.status ?? 200]: {
        description: route.summary,
        content: { 'application/json': { schema: components.schema(route.response, 'output') } },
      },
      ...Object.fromEntries(
        [...failures]
          .sort(([a], [b]) => a - b)
          .map(([status, codes]) => [
            status,
            {
              description: codes.map((code) => problems[code].title).join('; '),
              content: { 'application/problem+json': { schema: components.schema(problem, 'output') } },
            },
          ]),
      ),
    },
  };
};

const flow = (...names: string[]): Json => Object.fromEntries(names.map((name) => [name, name]));

/** This API as OpenAPI 3.1, from the declared routes. */
export function openApiDescription(): Json {
  const components = new Components();
  const paths: Record<string, Json> = {};
  for (const route of routes) {
    paths[route.path] = { ...paths[route.path], [route.method.toLowerCase()]: operation(components, route) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Smart Grid Analytics',
      version: '1',
      description: 'Interval readings, consumption, loading and telemetry of a distribution grid.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/v1' }],
    paths,
    components: {
      schemas: Object.fromEntries(Object.entries(components.schemas).sort(([a], [b]) => (a < b ? -1 : 1))),
      securitySchemes: {
        signIn: {
          type: 'oauth2',
          flows: {
            authorizationCode: {
              authorizationUrl: '/oauth2/authorize',
              tokenUrl: '/oauth2/token',
              scopes: flow('grid/read', 'grid/write'),
            },
          },
        },
        headend: {
          type: 'oauth2',
          flows: { clientCredentials: { tokenUrl: '/oauth2/token', scopes: flow('grid/ingest') } },
        },
      },
    },
  };
}
