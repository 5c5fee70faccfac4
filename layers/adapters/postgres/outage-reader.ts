import type { OutageCauses, OutageQuery, OutageReader, OutageSummary } from '../../domain/outages/outage-store.ts';
import type { OutageLevel, OutageStatus } from '../../domain/outages/outages.ts';
import type { Queryable } from './pool.ts';
import { epochMs } from './topology-rows.ts';

/** How far around the outermost usage points an outage's area reaches, degrees: about 40 m. [proposed] */
const AREA_MARGIN_DEG = 0.0004;

const HULL = `(SELECT ST_ConvexHull(ST_Collect(u.location)) FROM outage_interruption a
  JOIN usage_point u USING (usage_point_id) WHERE a.outage_id = o.outage_id)`;

const SUMMARY = `SELECT o.outage_id, o.level, o.entity_id, o.feeder_id, o.status,
    ${epochMs('o.started_at')} AS started, ${epochMs('o.ended_at')} AS ended, cause.planned, cause.reason,
    part.transformer_ids, part.customers, part.customers_out, part.disputed,
    ST_AsGeoJSON(ST_Buffer(${HULL}, ${AREA_MARGIN_DEG}, 4), 6)::jsonb AS area,
    (SELECT coalesce(jsonb_agg(jsonb_build_array(back, customers) ORDER BY back), '[]') FROM (
       SELECT ${epochMs('s.ended_at')} AS back, count(DISTINCT s.usage_point_id) AS customers FROM outage_interruption s
       WHERE s.outage_id = o.outage_id AND s.ended_at IS NOT NULL GROUP BY s.ended_at) AS step) AS steps
  FROM outage o
  JOIN LATERAL (SELECT array_agg(DISTINCT p.transformer_id ORDER BY p.transformer_id) AS transformer_ids,
      count(DISTINCT p.usage_point_id)::int AS customers,
      (count(DISTINCT p.usage_point_id) FILTER (WHERE p.ended_at IS NULL))::int AS customers_out,
      (count(*) FILTER (WHERE p.disputed))::int AS disputed
    FROM outage_interruption p WHERE p.outage_id = o.outage_id) AS part ON true
  LEFT JOIN LATERAL (SELECT c.planned, c.reason FROM outage_cause c WHERE c.outage_id = o.outage_id
    ORDER BY c.change_no DESC LIMIT 1) AS cause ON true`;

const ms = (column: unknown): number => Math.round(Number(column));
const msOrNull = (column: unknown): number | null => (column === null ? null : ms(column));
const seconds = (timeMs: number): number => timeMs / 1000;

const summaryOf = (row: Record<string, unknown>): OutageSummary => ({
  outageId: String(row.outage_id),
  level: row.level as OutageLevel,
  entityId: String(row.entity_id),
  feederId: String(row.feeder_id),
  status: row.status as OutageStatus,
  from: ms(row.started),
  to: msOrNull(row.ended),
  planned: row.planned === true,
  reason: row.reason === null ? null : String(row.reason),
  transformerIds: row.transformer_ids as string[],
  customers: Number(row.customers),
  customersOut: Number(row.customers_out),
  disputed: Number(row.disputed),
  area: (row.area as { coordinates: [number, number][][] } | null)?.coordinates ?? null,
  steps: (row.steps as [number, number][]).map(([at, customers]) => ({ at: ms(at), customers })),
});

/** Usage points of a feeder, of a region, or all. */
const WITHIN = `JOIN transformer t USING (transformer_id) JOIN feeder f USING (feeder_id)
  JOIN substation s USING (substation_id) WHERE ($1::text IS NULL OR f.feeder_id = $1) AND ($2::text IS NULL OR s.region_id = $2)`;

/** Outages as people ask for them. */
export function postgresOutageReader(database: Queryable): OutageReader {
  return {
    async list({ statuses, from, to, bbox, after, limit }: OutageQuery) {
      const { rows } = await database.query(
        `${SUMMARY} WHERE ($1::text[] IS NULL OR o.status = ANY($1::text[]))
           AND o.started_at < to_timestamp($3) AND (o.ended_at IS NULL OR o.ended_at > to_timestamp($2))
           AND ($4::float8[] IS NULL OR ST_Intersects(${HULL},
             ST_MakeEnvelope(($4::float8[])[1], ($4::float8[])[2], ($4::float8[])[3], ($4::float8[])[4], 4326)))
           AND ($5::float8 IS NULL OR o.started_at < to_timestamp($5)
             OR (o.started_at = to_timestamp($5) AND o.outage_id > $6::text))
         ORDER BY o.started_at DESC, o.outage_id LIMIT $7::int`,
        [
          statuses ?? null,
          seconds(from),
          seconds(to),
          bbox ?? null,
          after === undefined ? null : seconds(after.from),
          after?.outageId ?? null,
          limit,
        ],
      );
      return rows.map(summaryOf);
    },
    async find(outageId) {
      const { rows } = await database.query(`${SUMMARY} WHERE o.outage_id = $1`, [outageId]);
      if (!rows[0]) return undefined;
      const parts = await database.query(
        `SELECT m.meter_id, p.usage_point_id, p.transformer_id, p.reported, p.disputed,
           ${epochMs('p.started_at')} AS started, ${epochMs('p.ended_at')} AS ended
         FROM outage_interruption p JOIN meter m USING (meter_no) WHERE p.outage_id = $1
         ORDER BY p.started_at, m.meter_id COLLATE "C"`,
        [outageId],
      );
      return {
        ...summaryOf(rows[0]),
        interruptions: parts.rows.map((row) => ({
          meterId: String(row.meter_id),
          usagePointId: String(row.usage_point_id),
          transformerId: String(row.transformer_id),
          from: ms(row.started),
          to: msOrNull(row.ended),
          reported: row.reported === true,
          disputed: row.disputed === true,
        })),
      };
    },
    async customerOutages({ from, to, feederId, regionId }) {
      const { rows } = await database.query(
        `SELECT ${epochMs('p.started_at')} AS started, ${epochMs('p.ended_at')} AS ended, coalesce(cause.planned, false) AS planned
         FROM outage_interruption p JOIN outage o USING (outage_id)
         LEFT JOIN LATERAL (SELECT c.planned FROM outage_cause c WHERE c.outage_id = o.outage_id
           ORDER BY c.change_no DESC LIMIT 1) AS cause ON true
         JOIN transformer t ON t.transformer_id = p.transformer_id JOIN feeder f ON f.feeder_id = t.feeder_id
         JOIN substation s USING (substation_id)
         WHERE ($1::text IS NULL OR f.feeder_id = $1) AND ($2::text IS NULL OR s.region_id = $2)
           AND o.status IN ('confirmed', 'restored') AND NOT p.disputed
           AND p.started_at >= to_timestamp($3) AND p.started_at < to_timestamp($4)
         ORDER BY p.started_at, p.meter_no`,
        [feederId ?? null, regionId ?? null, seconds(from), seconds(to)],
      );
      return rows.map((row) => ({
        from: ms(row.started),
        to: msOrNull(row.ended),
        planned: row.planned === true,
      }));
    },
    async energised({ feederId, regionId }) {
      const { rows } = await database.query(
        `SELECT ${epochMs('i.valid_from')} AS valid_from, ${epochMs('i.valid_to')} AS valid_to
         FROM meter_installation i JOIN usage_point u USING (usage_point_id) ${WITHIN} AND NOT i.is_check`,
        [feederId ?? null, regionId ?? null],
      );
      return rows.map((row) => ({ from: ms(row.valid_from), to: msOrNull(row.valid_to) }));
    },
    async supplyOf(meterNo) {
      const open = await database.query(
        `SELECT o.outage_id, o.status, ${epochMs('p.started_at')} AS started FROM outage_interruption p JOIN outage o USING (outage_id)
         WHERE p.meter_no = $1 AND p.ended_at IS NULL ORDER BY p.started_at DESC LIMIT 1`,
        [meterNo],
      );
      const heard = await database.query(
        `SELECT event, ${epochMs('occurred_at')} AS at FROM meter_event WHERE meter_no = $1
         ORDER BY occurred_at DESC, event LIMIT 1`,
        [meterNo],
      );
      const [out, last] = [open.rows[0], heard.rows[0]];
      return {
        open: out && { outageId: String(out.outage_id), status: out.status as OutageStatus, from: ms(out.started) },
        lastEvent: last && { at: ms(last.at), event: String(last.event) },
      };
    },
  };
}

/** Causes are rows that are only added. */
export function postgresOutageCauses(database: Queryable): OutageCauses {
  return {
    async setCause({ outageId, planned, reason, changedBy }) {
      const { rowCount } = await database.query(
        `INSERT INTO outage_cause (outage_id, planned, reason, changed_by)
         SELECT outage_id, $2, $3, $4 FROM outage WHERE outage_id = $1`,
        [outageId, planned, reason, changedBy],
      );
      return rowCount === 1;
    },
  };
}
