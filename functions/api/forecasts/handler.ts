import { postgresForecastStore } from '../../../layers/adapters/postgres/forecast-store.ts';
import { database } from '../../../layers/adapters/postgres/pool.ts';
import { apiHandler } from '../../../layers/runtime/api-handler.ts';
import { getForecast } from './get-forecast.ts';
import { listForecastIssues } from './list-issues.ts';

const forecasts = postgresForecastStore(database());

export const handler = apiHandler({
  getForecast: getForecast(forecasts),
  listForecastIssues: listForecastIssues(forecasts),
});
