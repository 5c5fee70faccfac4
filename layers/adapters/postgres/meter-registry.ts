import type { DatedRegister, MeterRegistry, RegisteredMeter } from '../../domain/readings/meter-registry.ts';
import type { Queryable } from './pool.ts';
import { epochMs } from './topology-rows.ts';

// The installation of now, or the first to come: who may speak for a meter is asked of the present, whatever is read.
const FIND = `SELECT meter_id, meter_no, channel, interval_minutes, concentrator_id
  FROM meter LEFT JOIN meter_channel USING (meter_no)
  LEFT JOIN LATERAL (SELECT concentrator_id FROM meter_installation i WHERE i.meter_no = meter.meter_no
    ORDER BY i.valid_from <= now() DESC, abs(extract(epoch FROM i.valid_from - now())) LIMIT 1) serving ON true
  WHERE meter_id = ANY($1::text[])`;

const REGISTERS = `SELECT meter_no, channel, ${epochMs('valid_from')} AS valid_from, multiplier, digits, resolution_wh
  FROM meter_register WHERE meter_no = ANY($1::int[]) ORDER BY meter_no, channel, valid_from`;

/** Meters, their channels and registers as the topology import wrote them. */
export function postgresMeterRegistry(database: Queryable): MeterRegistry {
  return {
    async find(meterIds) {
      const { rows } = await database.query(FIND, [meterIds]);
      const meters = new Map<string, RegisteredMeter & { intervalMinutes: number[] }>();
      for (const { meter_id, meter_no, channel, interval_minutes, concentrator_id } of rows) {
        const meterId = String(meter_id);
        const meter = meters.get(meterId) ?? {
          meterNo: Number(meter_no),
          intervalMinutes: [],
          ...(concentrator_id === null ? {} : { concentratorId: String(concentrator_id) }),
        };
        if (channel !== null) meter.intervalMinutes[Number(channel)] = Number(interval_minutes);
        meters.set(meterId, meter);
      }
      return meters;
    },
    async registers(meterNos) {
      const { rows } = await database.query(REGISTERS, [meterNos]);
      const registers = new Map<number, DatedRegister[]>();
      for (const row of rows) {
        const register = {
          channel: Number(row.channel),
          from: Number(row.valid_from),
          multiplier: Number(row.multiplier),
          digits: numberOrNull(row.digits),
          resolutionWh: numberOrNull(row.resolution_wh),
        };
        const own = registers.get(Number(row.meter_no));
        if (own) own.push(register);
        else registers.set(Number(row.meter_no), [register]);
      }
      return registers;
    },
  };
}

const numberOrNull = (value: unknown): number | null => (value === null ? null : Number(value));
