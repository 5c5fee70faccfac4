import type { AnomalyMethod, QuietReason } from '../../contracts/api/anomalies.ts';
import type { Phase } from '../../contracts/messages/measurements.ts';
import type { FaultClass, FaultLabel } from '../../contracts/models/anomaly.ts';
import type { AnomalyEntity, ExplainedSignal, Label, StoredAnomaly } from '../../domain/anomalies/anomaly.ts';
import { epochMs } from './topology-rows.ts';

/** Columns of an anomaly `a` and of what people said of it last. */
export const ANOMALY_COLUMNS = `a.anomaly_id, a.entity_kind, a.entity_id, a.quantity, a.phase, a.source, ${epochMs('a.since')} AS since_ms,
  ${epochMs('a.until')} AS until_ms, a.ongoing, a.unit, a.signal, a.method, a.direction, a.score, a.surprise, a.value, a.expected_low, a.expected_high,
  ${epochMs('a.peak_at')} AS peak_ms, a.explanation, a.model_version, a.faults, ${epochMs('a.raised_at')} AS raised_ms, a.withdrawn,
  ${epochMs('a.alerted_at')} AS alerted_ms, a.quiet_because, said.*, quiet.snoozed_ms`;

/** Anomalies with their latest label and snooze. */
export const ANOMALIES = `anomaly a
  LEFT JOIN LATERAL (SELECT l.label, l.note, ${epochMs('l.span_from')} AS span_from_ms, ${epochMs('l.span_to')} AS span_to_ms,
      l.labelled_by, ${epochMs('l.labelled_at')} AS labelled_ms
    FROM anomaly_label l WHERE l.anomaly_id = a.anomaly_id ORDER BY l.label_no DESC LIMIT 1) AS said ON true
  LEFT JOIN LATERAL (SELECT ${epochMs('s.snoozed_until')} AS snoozed_ms FROM anomaly_snooze s
    WHERE s.anomaly_id = a.anomaly_id ORDER BY s.snooze_no DESC LIMIT 1) AS quiet ON true`;

/** Status of an anomaly at an instant, epoch ms (an SQL expression). A judgement outlasts what later readings say. */
export const statusAt = (
  now: string,
): string => `CASE WHEN said.label IS NOT NULL THEN 'labelled' WHEN a.withdrawn THEN 'withdrawn'
  WHEN quiet.snoozed_ms > ${now} THEN 'snoozed' ELSE 'open' END`;

const msOrNull = (column: unknown): number | null => (column === null ? null : Math.round(Number(column)));
const ms = (column: unknown): number => Math.round(Number(column));
const textOrNull = (column: unknown): string | null => (column === null ? null : String(column));

export const labelOf = (row: Record<string, unknown>): Label => ({
  label: row.label as FaultLabel,
  note: textOrNull(row.note),
  from: ms(row.span_from_ms),
  to: ms(row.span_to_ms),
  by: String(row.labelled_by),
  at: ms(row.labelled_ms),
});

export function anomalyOf(row: Record<string, unknown>): StoredAnomaly {
  const low = row.expected_low as number | null;
  const high = row.expected_high as number | null;
  return {
    anomalyId: String(row.anomaly_id),
    entity: { kind: row.entity_kind as AnomalyEntity['kind'], id: String(row.entity_id) },
    quantity: String(row.quantity),
    phase: row.phase === '' ? null : (row.phase as Phase),
    source: row.source as StoredAnomaly['source'],
    since: ms(row.since_ms),
    until: ms(row.until_ms),
    ongoing: row.ongoing === true,
    unit: String(row.unit),
    signal: String(row.signal),
    method: row.method as AnomalyMethod,
    direction: row.direction as 'high' | 'low',
    score: Number(row.score),
    surprise: row.surprise as number | null,
    value: Number(row.value),
    expected: low === null || high === null ? null : { low, high },
    peakAt: ms(row.peak_ms),
    explanation: row.explanation as ExplainedSignal[],
    modelVersion: textOrNull(row.model_version),
    faults: row.faults as Record<FaultClass, number> | null,
    raisedAt: ms(row.raised_ms),
    alertedAt: msOrNull(row.alerted_ms),
    quietBecause: row.quiet_because as QuietReason | null,
    status: row.status as StoredAnomaly['status'],
    label: row.label === null ? null : labelOf(row),
    snoozedUntil: msOrNull(row.snoozed_ms),
  };
}
