import type { MeterRegistry, RegisteredMeter } from '../../domain/readings/meter-registry.ts';
import type { Queryable } from './pool.ts';

const FIND = `SELECT meter_id, meter_no, channel, interval_minutes
  FROM meter LEFT JOIN meter_channel USING (meter_no) WHERE meter_id = ANY($1::text[])`;

/** Meters and their channels as the topology import wrote them. */
export function postgresMeterRegistry(database: Queryable): MeterRegistry {
  return {
    async find(meterIds) {
      const { rows } = await database.query(FIND, [meterIds]);
      const meters = new Map<string, RegisteredMeter & { intervalMinutes: number[] }>();
      for (const { meter_id, meter_no, channel, interval_minutes } of rows) {
        const meterId = String(meter_id);
        const meter = meters.get(meterId) ?? { meterNo: Number(meter_no), intervalMinutes: [] };
        if (channel !== null) meter.intervalMinutes[Number(channel)] = Number(interval_minutes);
        meters.set(meterId, meter);
      }
      return meters;
    },
  };
}
