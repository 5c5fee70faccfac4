import { QUALITIES } from '../../contracts/messages/channels.ts';
import type { Phase } from '../../contracts/messages/measurements.ts';
import type { TelemetryStore } from '../../domain/telemetry/telemetry-store.ts';
import type { Queryable } from './pool.ts';
import { epochMs } from './topology-rows.ts';

const phaseOf = (phase: unknown): { phase?: Phase } => (phase === '' ? {} : { phase: phase as Phase });

/** Telemetry in PostgreSQL, for accounts that may not use Timestream. The later received value of one instant counts. */
export function postgresTelemetryStore(database: Queryable): TelemetryStore {
  return {
    async write(samples) {
      // One row per key: a statement may not touch a row twice. Of equal versions the last one counts.
      const latest = new Map<string, (typeof samples)[number]>();
      for (const sample of samples) {
        const key = [sample.sensorId, sample.kind, sample.phase ?? '', sample.time].join('\0');
        const before = latest.get(key);
        if (!before || sample.version >= before.version) latest.set(key, sample);
      }
      if (latest.size === 0) return [];
      // In key order, so that writers side by side never wait for each other in a circle.
      const rows = [...latest].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, sample]) => sample);
      await database.query(
        `INSERT INTO telemetry (sensor_id, kind, phase, time, value, quality, version)
         SELECT s, k, p, to_timestamp(t / 1000.0), v, $7, r
         FROM unnest($1::text[], $2::text[], $3::text[], $4::float8[], $5::float8[], $6::bigint[]) AS x(s, k, p, t, v, r)
         ON CONFLICT (sensor_id, kind, phase, time) DO UPDATE SET value = excluded.value, version = excluded.version
         WHERE excluded.version > telemetry.version`,
        [
          rows.map(({ sensorId }) => sensorId),
          rows.map(({ kind }) => kind),
          rows.map(({ phase }) => phase ?? ''),
          rows.map(({ time }) => time),
          rows.map(({ value }) => value),
          rows.map(({ version }) => version),
          QUALITIES.raw,
        ],
      );
      return [];
    },
    async read({ sensorId, kind, from, to, limit }) {
      const { rows } = await database.query(
        `SELECT ${epochMs('time')} AS time, phase, value FROM telemetry
         WHERE sensor_id = $1 AND kind = $2 AND time >= to_timestamp($3::float8 / 1000) AND time < to_timestamp($4::float8 / 1000)
         ORDER BY telemetry.time, phase LIMIT $5`,
        [sensorId, kind, from, to, limit],
      );
      return rows.map((row) => ({ time: Number(row.time), ...phaseOf(row.phase), value: Number(row.value) }));
    },
    async aggregate({ sensorIds, kind, from, to, minutes }) {
      const { rows } = await database.query(
        `SELECT sensor_id, phase, floor(extract(epoch FROM time) / $5::float8) * $5::float8 * 1000 AS start,
           avg(value) AS mean, min(value) AS minimum, max(value) AS maximum, count(*) AS samples
         FROM telemetry
         WHERE sensor_id = ANY($1) AND kind = $2 AND time >= to_timestamp($3::float8 / 1000) AND time < to_timestamp($4::float8 / 1000)
         GROUP BY 1, 2, 3 ORDER BY 3`,
        [sensorIds, kind, from, to, minutes * 60],
      );
      return rows.map((row) => ({
        sensorId: String(row.sensor_id),
        ...phaseOf(row.phase),
        start: Number(row.start),
        mean: Number(row.mean),
        minimum: Number(row.minimum),
        maximum: Number(row.maximum),
        count: Number(row.samples),
      }));
    },
  };
}
