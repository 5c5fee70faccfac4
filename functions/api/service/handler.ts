import openApi from '../../../docs/api/openapi.json' with { type: 'json' };
import { apiHandler } from '../../../layers/runtime/api-handler.ts';

export const handler = apiHandler({
  getHealth: async ({ now }) => ({
    status: 'ok' as const,
    service: 'smart-grid-analytics' as const,
    stage: process.env.STAGE ?? '',
    time: new Date(now).toISOString(),
  }),
  getOpenApi: async () => ({ ...openApi, openapi: '3.1.0' as const }),
});
