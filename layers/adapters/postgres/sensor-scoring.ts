import type { MeasurementKindName, Phase } from '../../contracts/messages/measurements.ts';
import type { SensorDirectory, SensorScoringStore, SensorScoringWork } from '../../domain/anomalies/sensor-store.ts';
import { postgresAnomalyRecorder } from './anomaly-recorder.ts';
import type { Database, Queryable } from './pool.ts';
import { epochMs } from './topology-rows.ts';

/** Key of the advisory lock: one transaction scores sensors. */
const SENSOR_LOCK = 72_157_016;

/** Trackers and anomalies of sensors in PostgreSQL. @see docs/adr/0028-anomalies-from-stream-to-people.md */
export const postgresSensorScoring = (database: Database): SensorScoringStore => ({
  transaction: (work) => database.transaction((session) => work(sensorScoringWork(session))),
});

const sensorScoringWork = (session: Queryable): SensorScoringWork => ({
  ...postgresAnomalyRecorder(session),
  async begin() {
    await session.query('SELECT pg_advisory_xact_lock($1)', [SENSOR_LOCK]);
  },
  async trackers(sensorIds) {
    const { rows } = await session.query(TRACKERS, [sensorIds]);
    return rows.map((row) => ({
      sensorId: String(row.sensor_id),
      kind: row.kind as MeasurementKindName,
      phase: row.phase === '' ? null : (row.phase as Phase),
      scoredTo: Number(row.scored_ms),
      state: row.state as Uint8Array,
    }));
  },
  async keep(trackers) {
    if (trackers.length === 0) return;
    await session.query(KEEP, [
      trackers.map(({ sensorId }) => sensorId),
      trackers.map(({ kind }) => kind),
      trackers.map(({ phase }) => phase ?? ''),
      trackers.map(({ scoredTo }) => scoredTo),
      trackers.map(({ state }) => Buffer.from(state.buffer, state.byteOffset, state.byteLength)),
    ]);
  },
  async settle({ looked, found }) {
    if (looked.length === 0) return 0;
    const { rows } = await session.query(SETTLE, [
      looked.map(({ sensorId }) => sensorId),
      looked.map(({ kind }) => kind),
      looked.map(({ phase }) => phase ?? ''),
      looked.map(({ from }) => from),
      looked.map(({ to }) => to),
      found,
    ]);
    return Number(rows[0]?.withdrawn ?? 0);
  },
});

/** Every sensor with the zone of its feeder. */
export const postgresSensorDirectory = (database: Queryable): SensorDirectory => ({
  async sensors() {
    const { rows } = await database.query(SENSORS);
    return rows.map((row) => ({
      sensorId: String(row.sensor_id),
      timeZone: String(row.time_zone),
      kinds: (row.kinds as { kind: MeasurementKindName }[]).map(({ kind }) => kind),
      scoredTo: row.scored_ms === null ? null : Number(row.scored_ms),
    }));
  },
});

const SENSORS = `SELECT s.sensor_id, coalesce(time_zone, 'UTC') AS time_zone, s.kinds,
    ${epochMs('(SELECT min(k.scored_to) FROM sensor_tracker k WHERE k.sensor_id = s.sensor_id)')} AS scored_ms
  FROM sensor s LEFT JOIN transformer t ON t.transformer_id = s.transformer_id
    LEFT JOIN feeder f ON f.feeder_id = coalesce(s.feeder_id, t.feeder_id) LEFT JOIN substation USING (substation_id)
    LEFT JOIN region USING (region_id)
  ORDER BY scored_ms NULLS FIRST, s.sensor_id`;

const TRACKERS = `SELECT sensor_id, kind, phase, ${epochMs('scored_to')} AS scored_ms, state FROM sensor_tracker
  WHERE sensor_id = ANY($1::text[])`;

const KEEP = `INSERT INTO sensor_tracker (sensor_id, kind, phase, scored_to, state)
  SELECT sensor_id, kind, phase, to_timestamp(scored_ms / 1000), state
  FROM unnest($1::text[], $2::text[], $3::text[], $4::float8[], $5::bytea[]) AS fresh (sensor_id, kind, phase, scored_ms, state)
  ON CONFLICT (sensor_id, kind, phase) DO UPDATE SET scored_to = excluded.scored_to, state = excluded.state`;

const SETTLE = `WITH gone AS (UPDATE anomaly a SET ongoing = false, withdrawn = a.since >= to_timestamp(l.from_ms / 1000)
    FROM unnest($1::text[], $2::text[], $3::text[], $4::float8[], $5::float8[]) AS l (sensor_id, kind, phase, from_ms, to_ms)
    WHERE a.source = 'stream' AND a.entity_kind = 'sensor' AND a.entity_id = l.sensor_id AND a.quantity = l.kind AND a.phase = l.phase
      AND NOT a.withdrawn AND a.since < to_timestamp(l.to_ms / 1000)
      AND (a.ongoing OR a.since >= to_timestamp(l.from_ms / 1000)) AND a.anomaly_id <> ALL($6::text[])
    RETURNING a.withdrawn)
  SELECT count(*) FILTER (WHERE withdrawn)::int AS withdrawn FROM gone`;
