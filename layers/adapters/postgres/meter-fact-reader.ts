import type { ReadReason } from '../../contracts/messages/register-reads.ts';
import type { FactQuery, MeterFactReader } from '../../domain/readings/meter-facts.ts';
import type { Queryable } from './pool.ts';
import { epochMs } from './topology-rows.ts';

const RANGE = ['from', 'to', 'skip', 'limit'] as const;
const within = (column: string): string =>
  `meter_no = $1 AND ${column} >= to_timestamp($2::float8 / 1000) AND ${column} < to_timestamp($3::float8 / 1000)`;

const READS = `SELECT *, ${epochMs('read_at')} AS read_ms, ${epochMs('recorded_at')} AS recorded_ms FROM register_read
  WHERE ${within('read_at')} AND channel = $6
  ORDER BY read_at, revision, register_wh, reason, serial, digits, multiplier OFFSET $4 LIMIT $5`;

const EVENTS = `SELECT *, ${epochMs('occurred_at')} AS occurred_ms, ${epochMs('recorded_at')} AS recorded_ms FROM meter_event
  WHERE ${within('occurred_at')} AND ($6::text IS NULL OR event = $6)
  ORDER BY occurred_at, event, detail COLLATE "C" OFFSET $4 LIMIT $5`;

const parameters = (query: FactQuery): number[] => [query.meterNo, ...RANGE.map((name) => query[name])];

/** Register reads and meter events as they were stored. */
export function postgresMeterFactReader(database: Queryable): MeterFactReader {
  return {
    async registerReads({ channel, ...query }) {
      const { rows } = await database.query(READS, [...parameters(query), channel]);
      return rows.map((row) => ({
        meterNo: Number(row.meter_no),
        channel: Number(row.channel),
        readAt: Number(row.read_ms),
        revision: Number(row.revision),
        registerWh: Number(row.register_wh),
        reason: String(row.reason) as ReadReason,
        serial: String(row.serial),
        digits: Number(row.digits),
        multiplier: Number(row.multiplier),
        recordedAt: Number(row.recorded_ms),
      }));
    },
    async meterEvents({ event, ...query }) {
      const { rows } = await database.query(EVENTS, [...parameters(query), event ?? null]);
      return rows.map((row) => ({
        meterNo: Number(row.meter_no),
        occurredAt: Number(row.occurred_ms),
        event: String(row.event),
        detail: String(row.detail),
        recordedAt: Number(row.recorded_ms),
      }));
    },
  };
}
