import type { ForecastStore } from '../../../layers/domain/models/forecast-store.ts';
import type { UseCase } from '../../../layers/runtime/api-handler.ts';
import { ApiProblem } from '../../../layers/runtime/api-problem.ts';
import { decodeCursor, encodeCursor, INSTANT_POSITION } from '../../../layers/runtime/cursor.ts';
import { issueFields } from './issue-fields.ts';

const DAY_MS = 86_400_000;

/** Which forecasts of an entity were issued, newest first, and how each turned out. */
export const listForecastIssues =
  (forecasts: Pick<ForecastStore, 'issues'>): UseCase<'listForecastIssues'> =>
  async ({ params, query, now }) => {
    // An issue of this very moment is among those up to now.
    const end = query.to === undefined ? now + 1 : Date.parse(query.to);
    const before = decodeCursor(query.cursor, INSTANT_POSITION);
    if (before instanceof ApiProblem) return before;
    const issues = await forecasts.issues({
      entity: { kind: params.entity, id: params.id },
      from: query.from === undefined ? end - 28 * DAY_MS : Date.parse(query.from),
      to: before === undefined ? end : Math.min(end, Number(before)),
      limit: query.limit,
    });
    const last = issues.at(-1);
    return {
      entity: params.entity,
      id: params.id,
      items: issues.map((issue) => ({ ...issueFields(issue), outcome: issue.outcome })),
      next: issues.length === query.limit && last ? encodeCursor(String(last.issuedAt)) : null,
    };
  };
