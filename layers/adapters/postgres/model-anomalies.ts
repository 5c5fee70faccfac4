import type { ModelAnomalies } from '../../domain/anomalies/model-anomalies.ts';
import { postgresAnomalyRecorder } from './anomaly-recorder.ts';
import type { Database, Queryable } from './pool.ts';
import { epochMs } from './topology-rows.ts';

const ONGOING = `SELECT entity_id, ${epochMs('max(since)')} AS since_ms FROM anomaly
  WHERE source = 'model' AND entity_kind = 'meter' AND ongoing AND entity_id = ANY($1::text[]) GROUP BY entity_id`;

const OVER = `UPDATE anomaly a SET ongoing = false
  FROM unnest($1::text[], $2::float8[]) AS judged (meter_id, day_ms)
  WHERE a.source = 'model' AND a.entity_kind = 'meter' AND a.entity_id = judged.meter_id AND a.ongoing
    AND a.until <= to_timestamp(judged.day_ms / 1000) AND a.anomaly_id <> ALL($3::text[])`;

const work = (session: Queryable): ModelAnomalies => ({
  ...postgresAnomalyRecorder(session),
  async ongoing(meterIds) {
    const { rows } = await session.query(ONGOING, [meterIds]);
    return new Map(rows.map((row) => [String(row.entity_id), Number(row.since_ms)]));
  },
  async over({ judged, found }) {
    const ids = judged.map(({ meterId }) => meterId);
    await session.query(OVER, [ids, judged.map(({ dayStart }) => dayStart), found]);
  },
});

/** Commits what is kept of a model's judgements, or nothing of it. */
export const postgresModelAnomalies =
  (database: Database) =>
  <Result>(step: (anomalies: ModelAnomalies) => Promise<Result>): Promise<Result> =>
    database.transaction((session) => step(work(session)));
