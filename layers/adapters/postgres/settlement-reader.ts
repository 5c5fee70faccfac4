import { VEE_RULE_NAMES, VEE_RULES, type VeeRuleName, type VeeSeverity } from '../../contracts/vee/rules.ts';
import { DAY_MS } from '../../domain/readings/calendar-day.ts';
import type { Determinants } from '../../domain/settlement/determinants.ts';
import { decodeSettled } from '../../domain/settlement/settled-day.ts';
import type { Adjustment, SettlementReader } from '../../domain/settlement/settlement-reader.ts';
import type { ExceptionReader, ExceptionStatus } from '../../domain/vee/exception-reader.ts';
import type { Queryable } from './pool.ts';
import { epochMs } from './topology-rows.ts';

// A local day begins at most a day before or after the UTC day of its date.
const SETTLED = `SELECT DISTINCT ON (local_day, usage_point_id) local_day, run, body FROM settled_day
  WHERE meter_no = $1 AND channel = $2 AND local_day >= $3 AND local_day <= $4
  ORDER BY local_day, usage_point_id, run DESC`;

const DETERMINANTS = `SELECT DISTINCT ON (local_day) local_day, run, determinants,
    (SELECT coalesce(bool_or(b.billed), false) FROM settlement_determinant b WHERE b.usage_point_id = d.usage_point_id
      AND b.local_day = d.local_day AND b.channel = d.channel) AS billed,
    (SELECT coalesce(jsonb_agg(jsonb_build_object('run', a.run, 'byPeriodWh', a.by_period_wh) ORDER BY a.run), '[]')
      FROM settlement_adjustment a WHERE a.usage_point_id = d.usage_point_id AND a.local_day = d.local_day
        AND a.channel = d.channel) AS adjustments
  FROM settlement_determinant d WHERE usage_point_id = $1 AND channel = $2 AND local_day >= $3 AND local_day < $4
  ORDER BY local_day, run DESC`;

const ZONE = `SELECT time_zone FROM usage_point JOIN transformer USING (transformer_id) JOIN feeder USING (feeder_id)
  JOIN substation USING (substation_id) JOIN region USING (region_id) WHERE usage_point_id = $1`;

const EXCEPTIONS = `SELECT e.*, meter_id, ${epochMs('begins_at')} AS begins_ms, ${epochMs('ends_at')} AS ends_ms
  FROM vee_exception e JOIN meter USING (meter_no)
  WHERE begins_at >= to_timestamp($1::float8 / 1000) AND begins_at < to_timestamp($2::float8 / 1000)
    AND ($3::smallint IS NULL OR rule = $3) AND ($4::text IS NULL OR severity = $4)
    AND ($5::text IS NULL OR status = $5) AND ($6::text IS NULL OR meter_id = $6)
  ORDER BY begins_at DESC, meter_no, channel, local_day, rule OFFSET $7 LIMIT $8`;

const RULE_BY_NUMBER = new Map<number, VeeRuleName>(VEE_RULE_NAMES.map((rule) => [VEE_RULES[rule].number, rule]));

export function postgresSettlementReader(database: Queryable): SettlementReader & ExceptionReader {
  return {
    async settledDays({ meterNo, channel, from, to }) {
      const days = [Math.floor(from / DAY_MS) - 1, Math.floor(to / DAY_MS) + 1];
      const { rows } = await database.query(SETTLED, [meterNo, channel, ...days]);
      return rows
        .map((row) => ({
          localDay: Number(row.local_day),
          run: Number(row.run),
          intervals: decodeSettled(Uint8Array.from(row.body as Uint8Array)).filter(
            ({ start }) => start >= from && start < to,
          ),
        }))
        .filter(({ intervals }) => intervals.length > 0);
    },
    async determinants({ usagePointId, channel, fromDay, toDay }) {
      const { rows } = await database.query(DETERMINANTS, [usagePointId, channel, fromDay, toDay]);
      return rows.map((row) => ({
        localDay: Number(row.local_day),
        run: Number(row.run),
        billed: row.billed === true,
        determinants: row.determinants as Determinants,
        adjustments: row.adjustments as Adjustment[],
      }));
    },
    async meterIds(meterNos) {
      const { rows } = await database.query('SELECT meter_no, meter_id FROM meter WHERE meter_no = ANY($1::int[])', [
        meterNos,
      ]);
      return new Map(rows.map((row) => [Number(row.meter_no), String(row.meter_id)]));
    },
    async timeZoneOf(usagePointId) {
      const { rows } = await database.query(ZONE, [usagePointId]);
      return rows[0] ? String(rows[0].time_zone) : undefined;
    },
    async exceptions({ from, to, rule, severity, status, meterId, skip, limit }) {
      const number = rule === undefined ? null : VEE_RULES[rule].number;
      const filters = [number, severity ?? null, status ?? null, meterId ?? null];
      const { rows } = await database.query(EXCEPTIONS, [from, to, ...filters, skip, limit]);
      return rows.map((row) => ({
        meterNo: Number(row.meter_no),
        meterId: String(row.meter_id),
        channel: Number(row.channel),
        localDay: Number(row.local_day),
        rule: RULE_BY_NUMBER.get(Number(row.rule)) ?? 'MISSING_INTERVAL',
        from: Number(row.begins_ms),
        to: Number(row.ends_ms),
        observed: row.observed === null ? null : Number(row.observed),
        limit: row.threshold === null ? null : Number(row.threshold),
        cim: String(row.cim),
        severity: row.severity as VeeSeverity,
        status: row.status as ExceptionStatus,
        firstRun: Number(row.first_run),
        lastRun: Number(row.last_run),
      }));
    },
  };
}
