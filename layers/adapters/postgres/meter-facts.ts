import type { MeterFactStore } from '../../domain/readings/meter-facts.ts';
import type { Queryable } from './pool.ts';

// Grouped: one statement may not touch a row twice, and a batch may hold a message twice. Ordered: rows lock in key order.
const READ_KEY = 'meter_no, channel, read_at, revision, register_wh, reason, serial, digits, multiplier';
const PUT_READS = `INSERT INTO register_read (${READ_KEY}, recorded_at)
  SELECT meter_no, channel, to_timestamp(read_at / 1000), revision, register_wh, reason, serial, digits, multiplier,
    to_timestamp(min(recorded_at) / 1000)
  FROM unnest($1::int[], $2::smallint[], $3::float8[], $4::int[], $5::bigint[], $6::text[], $7::text[], $8::smallint[],
    $9::float8[], $10::float8[]) AS read (${READ_KEY}, recorded_at)
  GROUP BY ${READ_KEY} ORDER BY 1, 2, 3, 4, 5, 6, 7, 8, 9
  ON CONFLICT (${READ_KEY})
  DO UPDATE SET recorded_at = excluded.recorded_at WHERE excluded.recorded_at < register_read.recorded_at`;

const PUT_EVENTS = `INSERT INTO meter_event (meter_no, occurred_at, event, detail, recorded_at)
  SELECT meter_no, to_timestamp(occurred_at / 1000), event, detail, to_timestamp(min(recorded_at) / 1000)
  FROM unnest($1::int[], $2::float8[], $3::text[], $4::text[], $5::float8[])
    AS happened (meter_no, occurred_at, event, detail, recorded_at)
  GROUP BY meter_no, occurred_at, event, detail ORDER BY 1, 2, 3, 4
  ON CONFLICT (meter_no, occurred_at, event, detail)
  DO UPDATE SET recorded_at = excluded.recorded_at WHERE excluded.recorded_at < meter_event.recorded_at`;

/** Register reads and meter events in plain rows: hundreds of times rarer than interval readings. */
export function postgresMeterFacts(database: Queryable): MeterFactStore {
  return {
    async storeRegisterReads(reads) {
      if (reads.length === 0) return;
      await database.query(PUT_READS, [
        reads.map((read) => read.meterNo),
        reads.map((read) => read.channel),
        reads.map((read) => read.readAt),
        reads.map((read) => read.revision),
        reads.map((read) => read.registerWh),
        reads.map((read) => read.reason),
        reads.map((read) => read.serial),
        reads.map((read) => read.digits),
        reads.map((read) => read.multiplier),
        reads.map((read) => read.recordedAt),
      ]);
    },
    async storeMeterEvents(events) {
      if (events.length === 0) return;
      await database.query(PUT_EVENTS, [
        events.map((event) => event.meterNo),
        events.map((event) => event.occurredAt),
        events.map((event) => event.event),
        events.map((event) => event.detail),
        events.map((event) => event.recordedAt),
      ]);
    },
  };
}
