import { type Range, rangeOf } from '../domain/calendar/range.ts';
import { type ApiProblem, apiProblem } from './api-problem.ts';

const DAY_MS = 24 * 3_600_000;

/** The range of a query, a day by default, or the problem if what was given and what is meant without it do not fit. */
export function requestedRange(
  query: { from?: string | undefined; to?: string | undefined },
  now: number,
  spanMs = DAY_MS,
): Range | ApiProblem {
  const range = rangeOf(query, { now, spanMs });
  if (range.from < range.to) return range;
  return apiProblem('invalid-request', 'See violations', [
    { path: 'query.from', message: 'must be before to (now, if to is absent)', value: query.from },
  ]);
}
