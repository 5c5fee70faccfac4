import { openApiDescription } from '../../../layers/contracts/api/openapi.ts';
import { apiHandler } from '../../../layers/runtime/api-handler.ts';

export const handler = apiHandler({
  getHealth: async ({ now }) => ({
    status: 'ok' as const,
    service: 'smart-grid-analytics' as const,
    stage: process.env.STAGE ?? '',
    time: new Date(now).toISOString(),
  }),
  getOpenApi: async () => ({ ...openApiDescription(), openapi: '3.1.0' as const }),
});
