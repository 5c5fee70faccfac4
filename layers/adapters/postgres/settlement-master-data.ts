import { MAX_REGISTER_DIGITS } from '../../contracts/messages/register-reads.ts';
import type { RegisterForm } from '../../domain/registers/register-energy.ts';
import type {
  ServedUsagePoint,
  SettlementFacts,
  SettlementMasterData,
} from '../../domain/settlement/settlement-store.ts';
import type { Queryable } from './pool.ts';
import { epochMs } from './topology-rows.ts';

const USAGE_POINTS = `SELECT u.usage_point_id, u.service_rating_kva FROM usage_point u
  JOIN transformer USING (transformer_id) JOIN feeder USING (feeder_id) JOIN substation s USING (substation_id)
  WHERE s.region_id = $1 AND u.usage_point_id COLLATE "C" > $4
    AND EXISTS (SELECT FROM meter_installation i WHERE i.usage_point_id = u.usage_point_id AND NOT i.is_check
      AND i.valid_from < to_timestamp($3::float8 / 1000)
      AND (i.valid_to IS NULL OR i.valid_to > to_timestamp($2::float8 / 1000)))
  ORDER BY u.usage_point_id COLLATE "C" LIMIT $5`;

const METERS = `SELECT usage_point_id, meter_no, is_check, ${epochMs('valid_from')} AS valid_from, ${epochMs('valid_to')} AS valid_to,
    (SELECT jsonb_agg(jsonb_build_object('channel', c.channel, 'intervalMinutes', c.interval_minutes) ORDER BY c.channel)
       FROM meter_channel c WHERE c.meter_no = i.meter_no) AS channels,
    (SELECT jsonb_agg(jsonb_build_object('channel', r.channel, 'from', extract(epoch FROM r.valid_from) * 1000,
       'multiplier', r.multiplier, 'digits', r.digits, 'resolutionWh', r.resolution_wh) ORDER BY r.valid_from)
       FROM meter_register r WHERE r.meter_no = i.meter_no) AS registers
  FROM meter_installation i WHERE usage_point_id = ANY($1::text[])
    AND valid_from < to_timestamp($3::float8 / 1000) AND (valid_to IS NULL OR valid_to > to_timestamp($2::float8 / 1000))
  ORDER BY usage_point_id, meter_no, valid_from`;

interface RegisterRow {
  channel: number;
  from: number;
  multiplier: number;
  digits: number | null;
  resolutionWh: number | null;
}

/** Who is served by which meter, as the topology import dated it. */
export function postgresSettlementMasterData(database: Queryable): SettlementMasterData {
  return {
    async timeZoneOf(regionId) {
      const { rows } = await database.query('SELECT time_zone FROM region WHERE region_id = $1', [regionId]);
      return rows[0] ? String(rows[0].time_zone) : undefined;
    },
    async usagePoints({ regionId, period, after, limit }) {
      const { rows } = await database.query(USAGE_POINTS, [regionId, period.start, period.end, after, limit]);
      const ids = rows.map((row) => String(row.usage_point_id));
      const { rows: installed } = await database.query(METERS, [ids, period.start, period.end]);
      const byPoint = Map.groupBy(installed, (row) => String(row.usage_point_id));
      return rows.map((row) => {
        const usagePointId = String(row.usage_point_id);
        const ratingKva = row.service_rating_kva === null ? undefined : Number(row.service_rating_kva);
        const [mains = [], checks = []] = [false, true].map((isCheck) =>
          metersOf((byPoint.get(usagePointId) ?? []).filter((one) => one.is_check === isCheck)),
        );
        return { usagePointId, ratingKva, meters: mains, checks };
      });
    },
  };
}

function metersOf(rows: readonly Record<string, unknown>[]): ServedUsagePoint['meters'] {
  return [...Map.groupBy(rows, (row) => Number(row.meter_no))].map(([meterNo, installations]) => {
    const [row = {}] = installations;
    const registers = (row.registers ?? []) as RegisterRow[];
    return {
      meterNo,
      services: installations.map(({ valid_from, valid_to }) => ({
        start: Number(valid_from),
        end: valid_to === null ? Number.POSITIVE_INFINITY : Number(valid_to),
      })),
      channels: ((row.channels ?? []) as { channel: number; intervalMinutes: number }[]).map((channel) => ({
        ...channel,
        forms: formsOf(registers.filter((register) => register.channel === channel.channel)),
      })),
    };
  });
}

/** A register holds until the meter's next row of the channel; the widest display and steps of 1 Wh where none is said. */
const formsOf = (rows: readonly RegisterRow[]): RegisterForm[] =>
  rows.map(({ from, multiplier, digits, resolutionWh }, place) => ({
    from,
    to: rows[place + 1]?.from ?? null,
    multiplier,
    digits: digits ?? MAX_REGISTER_DIGITS,
    resolutionWh: resolutionWh ?? 1,
  }));

const WITHIN = (column: string) => `meter_no = $1 AND ${column} >= to_timestamp($2::float8 / 1000)
  AND ${column} <= to_timestamp($3::float8 / 1000) AND recorded_at <= to_timestamp($4::float8 / 1000)`;

const READS = `SELECT ${epochMs('read_at')} AS read_ms, register_wh, revision, serial, reason
  FROM register_read WHERE ${WITHIN('read_at')} AND channel = $5
  ORDER BY read_at, revision, register_wh, reason, serial`;

const EVENTS = `SELECT ${epochMs('occurred_at')} AS occurred_ms, event FROM meter_event WHERE ${WITHIN('occurred_at')}
  ORDER BY occurred_at, event`;

const OUTAGES = `SELECT ${epochMs('started_at')} AS started, ${epochMs('ended_at')} AS ended FROM confirmed_interruption
  WHERE meter_no = $1 AND started_at < to_timestamp($3::float8 / 1000)
    AND (ended_at IS NULL OR ended_at > to_timestamp($2::float8 / 1000))
    AND known_from <= to_timestamp($4::float8 / 1000) AND (known_until IS NULL OR known_until > to_timestamp($4::float8 / 1000))
  ORDER BY started_at`;

/** Register reads, events and confirmed interruptions as they were known at an instant. */
export function postgresSettlementFacts(database: Queryable): SettlementFacts {
  return {
    async registerReads({ meterNo, channel, period, asOf }) {
      const { rows } = await database.query(READS, [meterNo, period.start, period.end, asOf, channel]);
      return rows.map((row) => ({
        readAt: Number(row.read_ms),
        shownWh: Number(row.register_wh),
        revision: Number(row.revision),
        serial: row.serial === '' ? undefined : String(row.serial),
        exchange: row.reason === 'exchange-final' ? 'final' : row.reason === 'exchange-initial' ? 'initial' : undefined,
      }));
    },
    async events({ meterNo, period, asOf }) {
      const { rows } = await database.query(EVENTS, [meterNo, period.start, period.end, asOf]);
      return rows.map((row) => ({ occurredAt: Number(row.occurred_ms), event: String(row.event) }));
    },
    async outages({ meterNo, period, asOf }) {
      const { rows } = await database.query(OUTAGES, [meterNo, period.start, period.end, asOf]);
      return rows.map((row) => ({ start: Number(row.started), end: row.ended === null ? asOf : Number(row.ended) }));
    },
  };
}
