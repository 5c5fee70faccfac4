import type * as z from 'zod';
import type { anomaly, anomalyDetail } from '../../../layers/contracts/api/anomalies.ts';
import type { Label, StoredAnomaly } from '../../../layers/domain/anomalies/anomaly.ts';
import type { AnomalyHistory, AnomalyInbox } from '../../../layers/domain/anomalies/anomaly-store.ts';
import type { AuditLog, AuditRecord } from '../../../layers/domain/audit/audit-log.ts';
import { DAY_MS } from '../../../layers/domain/readings/calendar-day.ts';
import type { UseCases } from '../../../layers/runtime/api-handler.ts';
import { ApiProblem, apiProblem } from '../../../layers/runtime/api-problem.ts';
import { decodeCursor, encodeCursor } from '../../../layers/runtime/cursor.ts';
import { requestedRange } from '../../../layers/runtime/requested-range.ts';

const LIST_SPAN_MS = 31 * DAY_MS;
const SKIPPED = /^\d{1,9}$/;
/** Longer is a decision about the meter, not a pause. [proposed] */
const MAX_SNOOZE_MS = 366 * DAY_MS;

type Routes = 'listAnomalies' | 'getAnomaly' | 'labelAnomaly' | 'snoozeAnomaly';

/** Use cases of anomalies: seen, labelled, snoozed. */
export function anomalyRoutes({
  inbox,
  audit,
}: {
  inbox: AnomalyInbox;
  audit: Pick<AuditLog, 'append'>;
}): UseCases<Routes> {
  const found = async (anomalyId: string, now: number) => {
    const history = await inbox.find(anomalyId, now);
    return history ? detailOf(history) : noAnomaly(anomalyId);
  };
  return {
    async listAnomalies({ query, now }) {
      const range = requestedRange(query, now, LIST_SPAN_MS);
      if (range instanceof ApiProblem) return range;
      const position = decodeCursor(query.cursor, SKIPPED);
      if (position instanceof ApiProblem) return position;
      const skip = Number(position ?? 0);
      const items = await inbox.list({ ...query, ...range, now, skip, limit: query.limit + 1 });
      return {
        items: items.slice(0, query.limit).map(answerOf),
        next: items.length > query.limit ? encodeCursor(String(skip + query.limit)) : null,
      };
    },
    getAnomaly: ({ params: { anomalyId }, now }) => found(anomalyId, now),
    async labelAnomaly({ params: { anomalyId }, body, caller, now }) {
      const history = await inbox.find(anomalyId, now);
      if (!history) return noAnomaly(anomalyId);
      const { since, until } = history.anomaly;
      const from = body.from === undefined ? since : Date.parse(body.from);
      const to = body.to === undefined ? until : Date.parse(body.to);
      if (from >= to) return invalid('body.from', `must be before to (${iso(to)})`, iso(from));
      await inbox.addLabel(anomalyId, {
        label: body.label,
        note: body.note ?? null,
        from,
        to,
        by: caller.subject,
        at: now,
      });
      await audit.append(labelRecords(anomalyId, (await inbox.find(anomalyId, now))?.labels ?? []));
      return found(anomalyId, now);
    },
    async snoozeAnomaly({ params: { anomalyId }, body, caller, now }) {
      const until = Date.parse(body.until);
      if (until > now + MAX_SNOOZE_MS) return invalid('body.until', 'must be within a year', body.until);
      if (!(await inbox.find(anomalyId, now))) return noAnomaly(anomalyId);
      await inbox.addSnooze(anomalyId, { until, by: caller.subject, at: now });
      return found(anomalyId, now);
    },
  };
}

/** Every label that an anomaly ever had, from the latest back: one whose record was lost is made good by the next. Which client they came by is not kept. */
const labelRecords = (anomalyId: string, labels: readonly Label[]): AuditRecord[] =>
  labels.toReversed().map(({ label, note, from, to, by, at }, place) => ({
    entity: `anomaly#${anomalyId}`,
    sequence: place + 1,
    at,
    actor: { subject: by, clientId: '' },
    action: 'anomaly.label',
    reason: note ?? '',
    details: { label, from: iso(from), to: iso(to) },
  }));

const iso = (timeMs: number): string => new Date(timeMs).toISOString();
const isoOrNull = (timeMs: number | null): string | null => (timeMs === null ? null : iso(timeMs));
const noAnomaly = (anomalyId: string): ApiProblem => apiProblem('not-found', `There is no anomaly ${anomalyId}`);
const invalid = (path: string, message: string, value: string): ApiProblem =>
  apiProblem('invalid-request', 'See violations', [{ path, message, value }]);

const labelAnswer = ({ from, to, at, ...rest }: Label) => ({ ...rest, from: iso(from), to: iso(to), at: iso(at) });

function answerOf(found: StoredAnomaly): z.infer<typeof anomaly> {
  const { source: _source, ongoing, surprise, explanation: _explanation, ...rest } = found;
  return {
    ...rest,
    oneIn: surprise === null ? null : 10 ** surprise,
    since: iso(found.since),
    until: ongoing ? null : iso(found.until),
    peakAt: iso(found.peakAt),
    raisedAt: iso(found.raisedAt),
    alertedAt: isoOrNull(found.alertedAt),
    snoozedUntil: isoOrNull(found.snoozedUntil),
    label: found.label && labelAnswer(found.label),
  };
}

const detailOf = ({ anomaly: found, labels, snoozes }: AnomalyHistory): z.infer<typeof anomalyDetail> => ({
  ...answerOf(found),
  labels: labels.map(labelAnswer),
  snoozes: snoozes.map(({ until, by, at }) => ({ until: iso(until), by, at: iso(at) })),
  explanation: [...found.explanation],
});
