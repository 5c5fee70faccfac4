import { anyone } from '../access.ts';
import type { Route } from '../route.ts';
import { health, openApiDocument } from '../service.ts';

export const serviceRoutes = {
  getHealth: {
    id: 'getHealth',
    method: 'GET',
    path: '/health',
    summary: 'Whether the API answers',
    function: 'service',
    access: anyone,
    response: health,
    cache: 'no-store',
  },
  getOpenApi: {
    id: 'getOpenApi',
    method: 'GET',
    path: '/openapi.json',
    summary: 'This API as OpenAPI 3.1',
    function: 'service',
    access: anyone,
    response: openApiDocument,
    cache: { maxAgeSeconds: 300 },
  },
} as const satisfies Record<string, Route>;
