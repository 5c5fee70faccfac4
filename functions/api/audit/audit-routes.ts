import type { AuditReader } from '../../../layers/domain/audit/audit-log.ts';
import { DAY_MS } from '../../../layers/domain/readings/calendar-day.ts';
import type { UseCases } from '../../../layers/runtime/api-handler.ts';
import { ApiProblem } from '../../../layers/runtime/api-problem.ts';
import { decodeCursor, encodeCursor } from '../../../layers/runtime/cursor.ts';
import { requestedRange } from '../../../layers/runtime/requested-range.ts';

const LIST_SPAN_MS = 31 * DAY_MS;
const POSITION = /^\d{15}(#[a-z]{1,32}#[^#]{1,300}#\d{15})?$/;

/** Use case of the audit log. */
export function auditRoutes({ audit }: { audit: AuditReader }): UseCases<'listAudit'> {
  return {
    async listAudit({ query: { actor, action, subject, limit, ...query }, now }) {
      const range = requestedRange(query, now, LIST_SPAN_MS);
      if (range instanceof ApiProblem) return range;
      const before = decodeCursor(query.cursor, POSITION);
      if (before instanceof ApiProblem) return before;
      const { records, next } = await audit.list({ ...range, actor, action, entity: subject, limit, before });
      return {
        items: records.map(({ entity, at, actor: { subject: who, clientId }, ...rest }) => ({
          ...rest,
          at: new Date(at).toISOString(),
          subject: entity,
          actor: who,
          clientId,
        })),
        next: next === undefined ? null : encodeCursor(next),
      };
    },
  };
}
