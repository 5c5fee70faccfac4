import type { ScoredMeter } from '../../domain/anomalies/anomaly-store.ts';
import type { MeterDirectory } from '../../domain/anomalies/meter-series.ts';
import { BUCKET_BITS } from '../../domain/readings/calendar-day.ts';
import type { Queryable } from './pool.ts';

/** Meters of a bucket that ever were installed, with the zone of where they are now. */
const METERS = `SELECT DISTINCT ON (meter_no) meter_no, meter_id, time_zone
  FROM meter JOIN meter_installation i USING (meter_no) JOIN usage_point USING (usage_point_id)
    JOIN transformer USING (transformer_id) JOIN feeder USING (feeder_id) JOIN substation USING (substation_id)
    JOIN region USING (region_id)
  WHERE i.meter_no >> ${BUCKET_BITS} = $1::int ORDER BY meter_no, valid_from DESC`;

const BUCKETS = `SELECT DISTINCT meter_no >> ${BUCKET_BITS} AS bucket FROM meter_installation ORDER BY bucket`;

export async function metersOf(session: Queryable, bucket: number): Promise<ScoredMeter[]> {
  const { rows } = await session.query(METERS, [bucket]);
  return rows.map((row) => ({
    meterNo: Number(row.meter_no),
    meterId: String(row.meter_id),
    timeZone: String(row.time_zone),
  }));
}

/** Meters by bucket in PostgreSQL. */
export const postgresMeterDirectory = (database: Queryable): MeterDirectory => ({
  async buckets() {
    const { rows } = await database.query(BUCKETS);
    return rows.map(({ bucket }) => Number(bucket));
  },
  meters: (bucket) => metersOf(database, bucket),
});
