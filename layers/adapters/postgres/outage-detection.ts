import type { MeterEventName } from '../../contracts/messages/events.ts';
import type { OutageStore, SupplyEvidence } from '../../domain/outages/outage-store.ts';
import type { Outage } from '../../domain/outages/outages.ts';
import type { Database, Queryable } from './pool.ts';
import { epochMs } from './topology-rows.ts';

/** What speaks of the supply as a whole; events of single phases do not. */
const OFF: readonly MeterEventName[] = ['LAST_GASP', 'POWER_FAILURE'];
const ON: readonly MeterEventName[] = ['POWER_RETURNED'];
const POWER_EVENTS = [...OFF, ...ON];

const ms = (column: unknown): number => Math.round(Number(column));
const msOrNull = (column: unknown): number | null => (column === null ? null : ms(column));
const seconds = (timeMs: number): number => timeMs / 1000;

/** Power events and who is connected where, for the detection of outages. */
export function postgresSupplyEvidence(database: Queryable): SupplyEvidence {
  return {
    async feedersWithEvents({ occurredSince, storedSince }) {
      const { rows } = await database.query(
        `SELECT t.feeder_id, ${epochMs('min(e.occurred_at)')} AS earliest
         FROM meter_event e JOIN meter_installation i USING (meter_no)
         JOIN usage_point u USING (usage_point_id) JOIN transformer t USING (transformer_id)
         WHERE e.event = ANY($1::text[]) AND (e.occurred_at >= to_timestamp($2) OR e.stored_at >= to_timestamp($3))
           AND i.valid_from <= e.occurred_at AND (i.valid_to IS NULL OR e.occurred_at < i.valid_to)
         GROUP BY t.feeder_id`,
        [POWER_EVENTS, seconds(occurredSince), seconds(storedSince)],
      );
      return new Map(rows.map((row) => [String(row.feeder_id), ms(row.earliest)]));
    },
    async feederIds() {
      const { rows } = await database.query('SELECT feeder_id FROM feeder ORDER BY 1');
      return rows.map((row) => String(row.feeder_id));
    },
    async servedMeters(feederId, from) {
      const { rows } = await database.query(
        `SELECT i.meter_no, i.usage_point_id, u.transformer_id, coalesce(c.interval_minutes, 30) AS interval_minutes,
           ${epochMs('i.valid_from')} AS valid_from, ${epochMs('i.valid_to')} AS valid_to
         FROM transformer t JOIN usage_point u USING (transformer_id) JOIN meter_installation i USING (usage_point_id)
         LEFT JOIN meter_channel c ON c.meter_no = i.meter_no AND c.channel = 1
         WHERE t.feeder_id = $1 AND NOT i.is_check AND (i.valid_to IS NULL OR i.valid_to > to_timestamp($2))
         ORDER BY i.meter_no, i.valid_from`,
        [feederId, seconds(from)],
      );
      return rows.map((row) => ({
        meterNo: Number(row.meter_no),
        usagePointId: String(row.usage_point_id),
        transformerId: String(row.transformer_id),
        feederId,
        intervalMinutes: Number(row.interval_minutes),
        from: ms(row.valid_from),
        to: msOrNull(row.valid_to),
      }));
    },
    async powerEvents(meterNos, from) {
      if (meterNos.length === 0) return [];
      const { rows } = await database.query(
        `SELECT meter_no, ${epochMs('occurred_at')} AS at, event = ANY($2::text[]) AS is_on
         FROM meter_event WHERE meter_no = ANY($1::int[]) AND event = ANY($3::text[]) AND occurred_at >= to_timestamp($4)
         ORDER BY 1, 2`,
        [meterNos, ON, POWER_EVENTS, seconds(from)],
      );
      return rows.map((row) => ({ meterNo: Number(row.meter_no), at: ms(row.at), kind: row.is_on ? 'on' : 'off' }));
    },
  };
}

// What a feeder's outages say now of interruptions that begin at $2 or later, and what was last known of them. Of two outages
// that say the same of a meter the longer interruption counts.
const CONFIRMED = `SELECT DISTINCT ON (p.meter_no, p.started_at) p.meter_no, o.feeder_id, p.started_at, p.ended_at
  FROM outage_interruption p JOIN outage o USING (outage_id)
  WHERE o.feeder_id = $1 AND p.started_at >= to_timestamp($2) AND NOT p.disputed AND o.status IN ('confirmed', 'restored')
  ORDER BY p.meter_no, p.started_at, p.ended_at DESC`;
const SAME =
  'now.meter_no = known.meter_no AND now.started_at = known.started_at AND now.ended_at IS NOT DISTINCT FROM known.ended_at';
const FORGET = `UPDATE confirmed_interruption AS known SET known_until = greatest(known_from, to_timestamp($3))
  WHERE feeder_id = $1 AND started_at >= to_timestamp($2) AND known_until IS NULL
    AND NOT EXISTS (SELECT FROM (${CONFIRMED}) AS now WHERE ${SAME})`;
const KNOW = `INSERT INTO confirmed_interruption (meter_no, feeder_id, started_at, ended_at, known_from)
  SELECT now.*, to_timestamp($3) FROM (${CONFIRMED}) AS now
  WHERE NOT EXISTS (SELECT FROM confirmed_interruption AS known WHERE known_until IS NULL AND ${SAME})
  ON CONFLICT (meter_no, started_at, known_from) DO UPDATE SET ended_at = excluded.ended_at, known_until = NULL`;

/** Outages in rows; a feeder's are replaced under its advisory lock, and what was confirmed until then is kept as known until then. */
export function postgresOutageStore(database: Database): OutageStore {
  return {
    async state() {
      const { rows } = await database.query(
        `SELECT ${epochMs('ran_at')} AS ran_at, ${epochMs('silence_checked_to')} AS silence FROM outage_detection`,
      );
      return { ranAt: ms(rows[0]?.ran_at ?? 0), silenceCheckedTo: ms(rows[0]?.silence ?? 0) };
    },
    async saveState({ ranAt, silenceCheckedTo }) {
      await database.query(
        `INSERT INTO outage_detection (ran_at, silence_checked_to) VALUES (to_timestamp($1), to_timestamp($2))
         ON CONFLICT (only_row) DO UPDATE SET ran_at = excluded.ran_at,
           silence_checked_to = greatest(outage_detection.silence_checked_to, excluded.silence_checked_to)`,
        [seconds(ranAt), seconds(silenceCheckedTo)],
      );
    },
    async openFeeders() {
      const { rows } = await database.query('SELECT DISTINCT feeder_id FROM outage WHERE ended_at IS NULL ORDER BY 1');
      return rows.map((row) => String(row.feeder_id));
    },
    async earliestReaching(feederId, from) {
      const { rows } = await database.query(
        `SELECT ${epochMs('min(started_at)')} AS earliest FROM outage
         WHERE feeder_id = $1 AND (ended_at IS NULL OR ended_at >= to_timestamp($2))`,
        [feederId, seconds(from)],
      );
      return rows[0]?.earliest === null ? undefined : ms(rows[0]?.earliest);
    },
    replace: ({ feederId, from, at }, outages) =>
      database.transaction(async (session) => {
        await session.query(`SELECT pg_advisory_xact_lock(hashtext('outages'), hashtext($1))`, [feederId]);
        const ids = outages.map(({ outageId }) => outageId);
        const { rows } = await session.query(
          `DELETE FROM outage WHERE feeder_id = $1 AND (started_at >= to_timestamp($2) OR outage_id = ANY($3::text[]))
           RETURNING outage_id, ${epochMs('started_at')} AS started`,
          [feederId, seconds(from), ids],
        );
        await insert(session, outages);
        const first = Math.min(from, ...outages.map((outage) => outage.from), ...rows.map((row) => ms(row.started)));
        for (const sql of [FORGET, KNOW]) await session.query(sql, [feederId, seconds(first), seconds(at)]);
        const before = new Set(rows.map((row) => String(row.outage_id)));
        const after = new Set(ids);
        return {
          added: ids.filter((outageId) => !before.has(outageId)).length,
          removed: [...before].filter((outageId) => !after.has(outageId)).length,
        };
      }),
  };
}

async function insert(session: Queryable, outages: readonly Outage[]): Promise<void> {
  if (outages.length === 0) return;
  const time = (timeMs: number | null) => (timeMs === null ? null : seconds(timeMs));
  await session.query(
    `INSERT INTO outage (outage_id, level, entity_id, feeder_id, status, started_at, ended_at)
     SELECT outage_id, level, entity_id, feeder_id, status, to_timestamp(started), to_timestamp(ended)
     FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::float8[], $7::float8[])
       AS one (outage_id, level, entity_id, feeder_id, status, started, ended)`,
    [
      outages.map(({ outageId }) => outageId),
      outages.map(({ level }) => level),
      outages.map(({ entityId }) => entityId),
      outages.map(({ feederId }) => feederId),
      outages.map(({ status }) => status),
      outages.map(({ from }) => time(from)),
      outages.map(({ to }) => time(to)),
    ],
  );
  const parts = outages.flatMap(({ outageId, interruptions }) => interruptions.map((one) => ({ outageId, ...one })));
  await session.query(
    `INSERT INTO outage_interruption
       (outage_id, meter_no, usage_point_id, transformer_id, started_at, ended_at, reported, certain, disputed)
     SELECT outage_id, meter_no, usage_point_id, transformer_id, to_timestamp(started), to_timestamp(ended),
       reported, certain, disputed
     FROM unnest($1::text[], $2::int[], $3::text[], $4::text[], $5::float8[], $6::float8[], $7::bool[], $8::bool[], $9::bool[])
       AS one (outage_id, meter_no, usage_point_id, transformer_id, started, ended, reported, certain, disputed)`,
    [
      parts.map(({ outageId }) => outageId),
      parts.map(({ meterNo }) => meterNo),
      parts.map(({ usagePointId }) => usagePointId),
      parts.map(({ transformerId }) => transformerId),
      parts.map(({ from }) => time(from)),
      parts.map(({ to }) => time(to)),
      parts.map(({ reported }) => reported),
      parts.map(({ certain }) => certain),
      parts.map(({ disputed }) => disputed),
    ],
  );
}
