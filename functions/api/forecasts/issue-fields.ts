import type { ForecastIssue } from '../../../layers/domain/models/forecast-store.ts';

/** What the API says of an issue of a forecast. */
export const issueFields = ({
  issuedAt,
  availableAt,
  model,
  modelVersion,
  method,
  fallback,
}: Omit<ForecastIssue, 'outcome'>) => ({
  issuedAt: new Date(issuedAt).toISOString(),
  availableAt: new Date(availableAt).toISOString(),
  model,
  modelVersion,
  method,
  fallback,
});
