import { type DaySummary, decodeSummary, encodeSummary } from '../../domain/windows/day-summary.ts';
import {
  type EntityDay,
  LEVELS,
  type Level,
  SYSTEM_ID,
  type WindowAggregation,
  type WindowWork,
} from '../../domain/windows/window-store.ts';
import type { Database, Queryable } from './pool.ts';
import { sumTransformers } from './transformer-sums.ts';

/** Key of the advisory lock: one run at a time turns marks into due entity-days. */
const NOTING_LOCK = 72_157_002;
/** Marks taken by one statement. */
const MARKS_AT_ONCE = 10_000;

/** Windows in PostgreSQL. @see docs/adr/0016-windows.md */
export function postgresWindowAggregation(database: Database): WindowAggregation {
  return { transaction: (work) => database.transaction((session) => work(windowWork(session))) };
}

function windowWork(session: Queryable): WindowWork {
  return {
    async noteDue() {
      // One at a time: a day that another run is just getting to know must not be missed by a change of topology.
      const { rows: locked } = await session.query('SELECT pg_try_advisory_xact_lock($1) AS mine', [NOTING_LOCK]);
      if (locked[0]?.mine !== true) return 0;
      const { rows } = await session.query(NOTE_DUE, [MARKS_AT_ONCE]);
      return Number(rows[0]?.taken ?? 0);
    },
    async claim(limit, from) {
      const { rows } = await session.query(CLAIM, [limit, from]);
      return rows.map(entityDayOf);
    },
    sumsOf: (transformerIds, day) => sumTransformers(session, { transformerIds, day }),
    async partsOf(level, ids, day) {
      const { rows } = await session.query(partsStatement(level), [day, ids]);
      return rows.map((row) => ({ id: String(row.parent_id), summary: summaryOf(row) }));
    },
    async put(days) {
      if (days.length === 0) return [];
      const bodies: Uint8Array[] = [];
      let start = 1;
      const rows = days.flatMap(({ level, id, day, summaries }) =>
        summaries.map((summary) => {
          const { length } = bodies[bodies.push(encodeSummary(summary)) - 1] as Uint8Array;
          start += length;
          return { level, id, day, summary, start: start - length, length };
        }),
      );
      const { rows: changed } = await session.query(PUT, [
        rows.map(({ level }) => level),
        rows.map(({ id }) => id),
        rows.map(({ day }) => day),
        rows.map(({ summary }) => summary.channel),
        rows.map(({ summary }) => summary.intervalMinutes),
        rows.map((row) => row.start),
        rows.map(({ length }) => length),
        days.map(({ level }) => level),
        days.map(({ id }) => id),
        days.map(({ day }) => day),
        Buffer.concat(bodies),
      ]);
      return changed.map(entityDayOf);
    },
    async noteParentsDue(days) {
      const [first] = days;
      if (!first || first.level === LEVELS.system) return;
      await session.query(parentsStatement(first.level), [days.map(({ id }) => id), days.map(({ day }) => day)]);
    },
  };
}

const entityDayOf = (row: Record<string, unknown>): EntityDay => ({
  level: Number(row.level) as Level,
  id: String(row.entity_id),
  day: Number(row.day),
});

export const summaryOf = (row: Record<string, unknown>): DaySummary =>
  decodeSummary(row.body as Uint8Array, {
    channel: Number(row.channel),
    intervalMinutes: Number(row.interval_minutes),
    day: Number(row.day),
  });

// In key order, so that two that note the same entity-days wait for each other in one direction only.
const NOTE_DUE = `WITH taken AS (DELETE FROM window_mark
    WHERE mark_id IN (SELECT mark_id FROM window_mark ORDER BY mark_id LIMIT $1::int)
    RETURNING bucket, day, level, entity_id),
  buckets AS (SELECT DISTINCT bucket, day FROM taken WHERE bucket IS NOT NULL),
  scoring AS (INSERT INTO score_due (bucket, day) SELECT bucket, day FROM buckets ORDER BY bucket, day ON CONFLICT DO NOTHING),
  known AS (INSERT INTO window_known_day SELECT DISTINCT day FROM buckets ORDER BY day ON CONFLICT DO NOTHING),
  due AS (INSERT INTO window_due (level, day, entity_id)
    SELECT 1, day, transformer_id FROM buckets JOIN window_bucket USING (bucket)
    UNION SELECT level, days.day, entity_id FROM taken,
      (SELECT day FROM window_known_day UNION SELECT day FROM buckets) AS days WHERE taken.entity_id IS NOT NULL
    ORDER BY 1, 2, 3 ON CONFLICT DO NOTHING)
  SELECT count(*)::int AS taken FROM taken`;

const CLAIM = `DELETE FROM window_due WHERE (level, day, entity_id) IN (SELECT level, day, entity_id FROM window_due
    WHERE level = (SELECT min(level) FROM window_due WHERE level >= $2::smallint) ORDER BY day, entity_id LIMIT $1::int FOR UPDATE SKIP LOCKED)
  RETURNING level, day, entity_id`;

/** Where an entity's parent stands. */
const PARENTS: Record<Exclude<Level, typeof LEVELS.system>, { parent: string; from: string; id: string }> = {
  [LEVELS.transformer]: { parent: 'feeder_id', from: 'transformer', id: 'transformer_id' },
  [LEVELS.feeder]: { parent: 'region_id', from: 'feeder JOIN substation USING (substation_id)', id: 'feeder_id' },
  [LEVELS.region]: { parent: `'${SYSTEM_ID}'::text`, from: 'region', id: 'region_id' },
};

const partsStatement = (level: Level): string => {
  const below = (level - 1) as keyof typeof PARENTS;
  const { parent, from, id } = PARENTS[below];
  return `SELECT ${parent} AS parent_id, day, channel, interval_minutes, body
    FROM ${from} JOIN window_day ON entity_id = ${id} AND level = ${below} AND day = $1::int
    WHERE ${parent} = ANY($2::text[])`;
};

const parentsStatement = (level: keyof typeof PARENTS): string => {
  const { parent, from, id } = PARENTS[level];
  return `INSERT INTO window_due (level, day, entity_id)
    SELECT DISTINCT ${level + 1}, day, ${parent}
    FROM unnest($1::text[], $2::int[]) AS changed (entity_id, day) JOIN ${from} ON changed.entity_id = ${id}
    ORDER BY 2, 3 ON CONFLICT DO NOTHING`;
};

const PUT = `WITH fresh AS (SELECT level, entity_id, day, channel, interval_minutes, substring($11::bytea FROM start FOR length) AS body
    FROM unnest($1::smallint[], $2::text[], $3::int[], $4::smallint[], $5::smallint[], $6::int[], $7::int[])
    AS fresh (level, entity_id, day, channel, interval_minutes, start, length)),
  claimed AS (SELECT * FROM unnest($8::smallint[], $9::text[], $10::int[]) AS claimed (level, entity_id, day)),
  gone AS (DELETE FROM window_day AS stored USING claimed
    WHERE (stored.level, stored.entity_id, stored.day) = (claimed.level, claimed.entity_id, claimed.day)
      AND NOT EXISTS (SELECT FROM fresh WHERE (fresh.level, fresh.entity_id, fresh.day, fresh.channel, fresh.interval_minutes)
        = (stored.level, stored.entity_id, stored.day, stored.channel, stored.interval_minutes))
    RETURNING stored.level, stored.entity_id, stored.day),
  written AS (INSERT INTO window_day AS stored (level, entity_id, day, channel, interval_minutes, body)
    SELECT level, entity_id, day, channel, interval_minutes, body FROM fresh
    ON CONFLICT (level, entity_id, day, channel, interval_minutes) DO UPDATE SET body = excluded.body
      WHERE stored.body <> excluded.body
    RETURNING level, entity_id, day)
  SELECT level, entity_id, day FROM gone UNION SELECT level, entity_id, day FROM written`;
