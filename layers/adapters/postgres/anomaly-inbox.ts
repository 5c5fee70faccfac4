import type { AnomalyInbox } from '../../domain/anomalies/anomaly-store.ts';
import { ANOMALIES, ANOMALY_COLUMNS, anomalyOf, labelOf, statusAt } from './anomaly-rows.ts';
import type { Queryable } from './pool.ts';
import { epochMs } from './topology-rows.ts';

const LIST = `SELECT * FROM (SELECT ${ANOMALY_COLUMNS}, ${statusAt('$8::float8')} AS status FROM ${ANOMALIES}
    WHERE a.since >= to_timestamp($1::float8 / 1000) AND a.since < to_timestamp($2::float8 / 1000)
      AND ($3::text IS NULL OR a.method = $3) AND ($4::float8 IS NULL OR a.score >= $4)
      AND ($5::text IS NULL OR a.direction = $5)
      AND ($6::text IS NULL OR (a.entity_kind = 'meter' AND a.entity_id = $6))
      AND ($11::text IS NULL OR (a.entity_kind = 'sensor' AND a.entity_id = $11))) AS found
  WHERE $7::text IS NULL OR status = $7`;

const ORDERS = {
  score: 'ORDER BY score DESC, since_ms DESC, anomaly_id',
  since: 'ORDER BY since_ms DESC, score DESC, anomaly_id',
} as const;

const FIND = `SELECT ${ANOMALY_COLUMNS}, ${statusAt('$2::float8')} AS status FROM ${ANOMALIES} WHERE a.anomaly_id = $1`;

const LABELS = `SELECT label, note, ${epochMs('span_from')} AS span_from_ms, ${epochMs('span_to')} AS span_to_ms, labelled_by,
    ${epochMs('labelled_at')} AS labelled_ms
  FROM anomaly_label WHERE anomaly_id = $1 ORDER BY label_no DESC`;

const SNOOZES = `SELECT ${epochMs('snoozed_until')} AS until_ms, snoozed_by, ${epochMs('snoozed_at')} AS at_ms
  FROM anomaly_snooze WHERE anomaly_id = $1 ORDER BY snooze_no DESC`;

// A request that is sent again because its answer got lost says nothing new.
const ADD_LABEL = `INSERT INTO anomaly_label (anomaly_id, label, note, span_from, span_to, labelled_by, labelled_at)
  SELECT fresh.* FROM (SELECT $1::text, $2::text AS label, $3::text AS note, to_timestamp($4::float8 / 1000) AS span_from,
      to_timestamp($5::float8 / 1000) AS span_to, $6::text AS labelled_by, to_timestamp($7::float8 / 1000)) AS fresh
    LEFT JOIN (SELECT label, note, span_from, span_to, labelled_by FROM anomaly_label WHERE anomaly_id = $1
      ORDER BY label_no DESC LIMIT 1) AS last ON true
  WHERE (fresh.label, fresh.note, fresh.span_from, fresh.span_to, fresh.labelled_by)
    IS DISTINCT FROM (last.label, last.note, last.span_from, last.span_to, last.labelled_by)`;

const ADD_SNOOZE = `INSERT INTO anomaly_snooze (anomaly_id, snoozed_until, snoozed_by, snoozed_at)
  SELECT fresh.* FROM (SELECT $1::text, to_timestamp($2::float8 / 1000) AS snoozed_until, $3::text AS snoozed_by,
      to_timestamp($4::float8 / 1000)) AS fresh
    LEFT JOIN (SELECT snoozed_until, snoozed_by FROM anomaly_snooze WHERE anomaly_id = $1
      ORDER BY snooze_no DESC LIMIT 1) AS last ON true
  WHERE (fresh.snoozed_until, fresh.snoozed_by) IS DISTINCT FROM (last.snoozed_until, last.snoozed_by)`;

/** Anomalies as people see and judge them, in PostgreSQL. */
export function postgresAnomalyInbox(database: Queryable): AnomalyInbox {
  return {
    async list({ from, to, method, minScore, direction, meterId, sensorId, status, now, order, skip, limit }) {
      const filters = [method ?? null, minScore ?? null, direction ?? null, meterId ?? null, status ?? null];
      const { rows } = await database.query(`${LIST} ${ORDERS[order]} OFFSET $9 LIMIT $10`, [
        from,
        to,
        ...filters,
        now,
        skip,
        limit,
        sensorId ?? null,
      ]);
      return rows.map(anomalyOf);
    },
    async find(anomalyId, now) {
      const { rows } = await database.query(FIND, [anomalyId, now]);
      if (!rows[0]) return undefined;
      const labels = await database.query(LABELS, [anomalyId]);
      const snoozes = await database.query(SNOOZES, [anomalyId]);
      return {
        anomaly: anomalyOf(rows[0]),
        labels: labels.rows.map(labelOf),
        snoozes: snoozes.rows.map((row) => ({
          until: Number(row.until_ms),
          by: String(row.snoozed_by),
          at: Number(row.at_ms),
        })),
      };
    },
    async addLabel(anomalyId, { label, note, from, to, by, at }) {
      await database.query(ADD_LABEL, [anomalyId, label, note, from, to, by, at]);
    },
    async addSnooze(anomalyId, { until, by, at }) {
      await database.query(ADD_SNOOZE, [anomalyId, until, by, at]);
    },
  };
}
