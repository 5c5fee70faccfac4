import { analysts } from '../access.ts';
import { forecast, forecastIssueList, forecastIssuesQuery, forecastParams, forecastQuery } from '../forecasts.ts';
import type { Route } from '../route.ts';

export const forecastRoutes = {
  getForecast: {
    id: 'getForecast',
    method: 'GET',
    path: '/forecasts/{entity}/{id}',
    summary: 'What was forecast of an entity, with bands, its inputs, and how it turned out',
    function: 'forecasts',
    access: analysts,
    params: forecastParams,
    query: forecastQuery,
    response: forecast,
    problems: ['not-found'],
    cache: 'no-store',
  },
} as const satisfies Record<string, Route>;

export const forecastIssueRoutes = {
  listForecastIssues: {
    id: 'listForecastIssues',
    method: 'GET',
    path: '/forecasts/{entity}/{id}/issues',
    summary: 'Which forecasts of an entity were issued, newest first, and how each turned out',
    function: 'forecasts',
    access: analysts,
    params: forecastParams,
    query: forecastIssuesQuery,
    response: forecastIssueList,
    cache: 'no-store',
  },
} as const satisfies Record<string, Route>;
