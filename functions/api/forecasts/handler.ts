import { postgresForecastStore } from '../../../layers/adapters/postgres/forecast-store.ts';
import { database } from '../../../layers/adapters/postgres/pool.ts';
import { apiHandler } from '../../../layers/runtime/api-handler.ts';
import { getForecast } from './get-forecast.ts';

export const handler = apiHandler({ getForecast: getForecast(postgresForecastStore(database())) });
