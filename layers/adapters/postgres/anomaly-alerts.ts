import type { AlertBudgetState } from '../../domain/anomalies/alert-budget.ts';
import type { StoredAnomaly } from '../../domain/anomalies/anomaly.ts';
import type { AlertStore, AlertWork } from '../../domain/anomalies/anomaly-store.ts';
import { ANOMALIES, ANOMALY_COLUMNS, anomalyOf, statusAt } from './anomaly-rows.ts';
import type { Database, Queryable } from './pool.ts';
import { epochMs } from './topology-rows.ts';

/** Key of the advisory lock: one decides at a time. */
const ALERTING_LOCK = 72_157_015;

/** Which anomalies become alerts, in PostgreSQL. */
export const postgresAlertStore = (database: Database): AlertStore => ({
  transaction: (work) =>
    database.transaction(async (session) => {
      await session.query('SELECT pg_advisory_xact_lock($1)', [ALERTING_LOCK]);
      return work(alertWork(session));
    }),
  async noteTold(anomalyId, at) {
    await database.query(NOTE_TOLD, [anomalyId, at]);
  },
});

const alertWork = (session: Queryable): AlertWork => ({
  async budget() {
    const { rows } = await session.query('SELECT state FROM alert_budget');
    return rows[0]?.state as AlertBudgetState | undefined;
  },
  async candidates({ now, repeatedSince, limit }) {
    const { rows } = await session.query(CANDIDATES, [now, repeatedSince, limit]);
    return rows.map((row) => ({
      anomalyId: String(row.anomaly_id),
      source: row.source as StoredAnomaly['source'],
      score: Number(row.score),
      until: Number(row.until_ms),
      snoozed: row.snoozed === true,
      outage: row.outage === true,
      repeated: row.repeated === true || row.following === true,
    }));
  },
  async decide(decisions, budget) {
    await session.query(DECIDE, [
      decisions.map(({ anomalyId }) => anomalyId),
      decisions.map((decision) => (decision.due ? 'due' : 'quiet')),
      decisions.map((decision) => (decision.due ? null : decision.because)),
    ]);
    await session.query(KEEP_BUDGET, [JSON.stringify(budget)]);
  },
  async due({ now, limit }) {
    const { rows } = await session.query(DUE, [now, limit]);
    return rows.map((row) => ({ anomaly: anomalyOf(row), timeZone: String(row.time_zone) }));
  },
});

const SAME = 'b.entity_kind = a.entity_kind AND b.entity_id = a.entity_id AND b.quantity = a.quantity';

// following: of several of one meter and quantity that wait together the most unusual speaks for all.
const CANDIDATES = `SELECT a.anomaly_id, a.source, a.score, ${epochMs('a.until')} AS until_ms,
    row_number() OVER (PARTITION BY a.entity_kind, a.entity_id, a.quantity ORDER BY a.score DESC, a.anomaly_id) > 1 AS following,
    EXISTS (SELECT FROM anomaly_snooze s JOIN anomaly b USING (anomaly_id)
      WHERE s.snoozed_until > to_timestamp($1::float8 / 1000) AND ${SAME} AND NOT EXISTS (SELECT FROM anomaly_snooze later
        WHERE later.anomaly_id = s.anomaly_id AND later.snooze_no > s.snooze_no)) AS snoozed,
    a.entity_kind = 'meter' AND EXISTS (SELECT FROM outage_interruption p JOIN outage o USING (outage_id) JOIN meter m USING (meter_no)
      WHERE m.meter_id = a.entity_id AND o.status IN ('confirmed', 'restored') AND NOT p.disputed
        AND p.started_at < a.until AND (p.ended_at IS NULL OR p.ended_at > a.since)) AS outage,
    EXISTS (SELECT FROM anomaly b WHERE ${SAME} AND b.alert = 'due')
      OR EXISTS (SELECT FROM anomaly b WHERE ${SAME} AND b.alerted_at > to_timestamp($2::float8 / 1000)) AS repeated
  FROM anomaly a WHERE a.alert = 'pending' AND NOT a.withdrawn ORDER BY a.score DESC, a.anomaly_id LIMIT $3`;

const DECIDE = `UPDATE anomaly SET alert = d.alert, quiet_because = d.because
  FROM unnest($1::text[], $2::text[], $3::text[]) AS d (anomaly_id, alert, because) WHERE anomaly.anomaly_id = d.anomaly_id`;

const KEEP_BUDGET = `INSERT INTO alert_budget (state) VALUES ($1::jsonb) ON CONFLICT (only_row) DO UPDATE SET state = excluded.state`;

const ZONE = `coalesce((SELECT time_zone FROM meter JOIN meter_installation i USING (meter_no) JOIN usage_point USING (usage_point_id)
      JOIN transformer USING (transformer_id) JOIN feeder USING (feeder_id) JOIN substation USING (substation_id) JOIN region USING (region_id)
    WHERE a.entity_kind = 'meter' AND meter_id = a.entity_id ORDER BY i.valid_from DESC LIMIT 1),
  (SELECT time_zone FROM sensor s LEFT JOIN transformer t ON t.transformer_id = s.transformer_id
      JOIN feeder f ON f.feeder_id = coalesce(s.feeder_id, t.feeder_id) JOIN substation USING (substation_id) JOIN region USING (region_id)
    WHERE a.entity_kind = 'sensor' AND s.sensor_id = a.entity_id), 'UTC')`;

const DUE = `SELECT ${ANOMALY_COLUMNS}, ${statusAt('$1::float8')} AS status, ${ZONE} AS time_zone FROM ${ANOMALIES}
  WHERE a.alert = 'due' ORDER BY a.score DESC, a.anomaly_id LIMIT $2`;

const NOTE_TOLD = `UPDATE anomaly SET alert = 'sent', alerted_at = to_timestamp($2::float8 / 1000)
  WHERE anomaly_id = $1 AND alert = 'due'`;
