import type { ScoringStore, ScoringWork } from '../../domain/anomalies/anomaly-store.ts';
import { BUCKET_BITS } from '../../domain/readings/calendar-day.ts';
import { postgresAnomalyRecorder } from './anomaly-recorder.ts';
import { metersOf } from './meter-directory.ts';
import type { Database, Queryable } from './pool.ts';
import { postgresReadingStore } from './reading-store.ts';
import { epochMs } from './topology-rows.ts';

/** Namespace of the advisory locks: one transaction scores a bucket. */
const SCORING_LOCK = 72_157_014;

/** Trackers and anomalies of meters in PostgreSQL. @see docs/adr/0028-anomalies-from-stream-to-people.md */
export function postgresScoringStore(database: Database): ScoringStore {
  return { transaction: (work) => database.transaction((session) => work(scoringWork(session))) };
}

function scoringWork(session: Queryable): ScoringWork {
  // The scoring's own session: what is read is read after the claim, and an embedded database has no other.
  const readings = postgresReadingStore({ query: session.query.bind(session), transaction: (work) => work(session) });
  return {
    ...postgresAnomalyRecorder(session),
    async claim(notedBefore) {
      const { rows } = await session.query(CLAIM, [notedBefore]);
      const bucket = rows[0]?.bucket;
      if (bucket === undefined) return undefined;
      // Whoever scores this bucket already is waited for: its trackers are read after that.
      await session.query('SELECT pg_advisory_xact_lock($1::int, $2::int)', [SCORING_LOCK, bucket]);
      return { bucket: Number(bucket), days: rows.map(({ day }) => Number(day)).sort((a, b) => a - b) };
    },
    async postpone(bucket, day) {
      await session.query(POSTPONE, [bucket, day]);
    },
    meters: (bucket) => metersOf(session, bucket),
    async trackers(bucket) {
      const { rows } = await session.query(TRACKERS, [bucket]);
      return rows.map((row) => ({
        meterNo: Number(row.meter_no),
        channel: Number(row.channel),
        scoredTo: Number(row.scored_ms),
        state: row.state as Uint8Array,
      }));
    },
    async keep(trackers) {
      if (trackers.length === 0) return;
      await session.query(KEEP, [
        trackers.map(({ meterNo }) => meterNo),
        trackers.map(({ channel }) => channel),
        trackers.map(({ scoredTo }) => scoredTo),
        trackers.map(({ state }) => Buffer.from(state.buffer, state.byteOffset, state.byteLength)),
      ]);
    },
    readings: (query) => readings.readMany(query),
    async settle({ looked, found }) {
      if (looked.length === 0) return 0;
      const { rows } = await session.query(SETTLE, [
        looked.map(({ meterId }) => meterId),
        looked.map(({ quantity }) => quantity),
        looked.map(({ from }) => from),
        found,
      ]);
      return Number(rows[0]?.withdrawn ?? 0);
    },
  };
}

// The bucket whose oldest day waits longest; days of it that were noted a moment ago come along.
const CLAIM = `DELETE FROM score_due WHERE (bucket, day) IN (SELECT bucket, day FROM score_due
    WHERE bucket = (SELECT bucket FROM score_due WHERE noted_at <= to_timestamp($1::float8 / 1000)
      ORDER BY noted_at, bucket LIMIT 1 FOR UPDATE SKIP LOCKED)
    FOR UPDATE SKIP LOCKED)
  RETURNING bucket, day`;

/** What was due once has waited long enough. */
const POSTPONE = `INSERT INTO score_due (bucket, day, noted_at) VALUES ($1, $2, to_timestamp(0)) ON CONFLICT DO NOTHING`;

const TRACKERS = `SELECT meter_no, channel, ${epochMs('scored_to')} AS scored_ms, state FROM meter_tracker
  WHERE meter_no >> ${BUCKET_BITS} = $1::int`;

const KEEP = `INSERT INTO meter_tracker (meter_no, channel, scored_to, state)
  SELECT meter_no, channel, to_timestamp(scored_ms / 1000), state
  FROM unnest($1::int[], $2::smallint[], $3::float8[], $4::bytea[]) AS fresh (meter_no, channel, scored_ms, state)
  ON CONFLICT (meter_no, channel) DO UPDATE SET scored_to = excluded.scored_to, state = excluded.state`;

const SETTLE = `WITH gone AS (UPDATE anomaly a SET ongoing = false, withdrawn = a.since >= to_timestamp(l.from_ms / 1000)
    FROM unnest($1::text[], $2::text[], $3::float8[]) AS l (meter_id, quantity, from_ms)
    WHERE a.source = 'stream' AND a.entity_kind = 'meter' AND a.entity_id = l.meter_id AND a.quantity = l.quantity
      AND NOT a.withdrawn AND (a.ongoing OR a.since >= to_timestamp(l.from_ms / 1000)) AND a.anomaly_id <> ALL($4::text[])
    RETURNING a.withdrawn)
  SELECT count(*) FILTER (WHERE withdrawn)::int AS withdrawn FROM gone`;
