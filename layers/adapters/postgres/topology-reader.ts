import type { Meter } from '../../contracts/api/meters.ts';
import type { Network } from '../../contracts/api/network.ts';
import { CHANNEL_BY_CODE, CHANNELS } from '../../contracts/messages/channels.ts';
import type { Connection, Entity, TopologyReader } from '../../domain/network/topology-store.ts';
import type { Queryable } from './pool.ts';
import { epochMs, iso, isoOrNull } from './topology-rows.ts';

/** Meters with their latest installation; service is from the first installation to the end of the last. */
const METERS = `
  SELECT m.meter_no, m.meter_id, i.usage_point_id, u.transformer_id, t.feeder_id,
    ST_X(u.location) AS lon, ST_Y(u.location) AS lat,
    (SELECT ${epochMs('min(f.valid_from)')} FROM meter_installation f WHERE f.meter_no = m.meter_no) AS service_from,
    ${epochMs('i.valid_to')} AS service_to,
    (SELECT coalesce(jsonb_agg(jsonb_build_object('code', c.channel, 'unit', c.unit, 'minutes', c.interval_minutes)
       ORDER BY c.channel), '[]') FROM meter_channel c WHERE c.meter_no = m.meter_no) AS channels
  FROM meter m
  JOIN LATERAL (SELECT * FROM meter_installation l WHERE l.meter_no = m.meter_no ORDER BY l.valid_from DESC LIMIT 1) i ON true
  JOIN usage_point u USING (usage_point_id)
  JOIN transformer t USING (transformer_id)`;

const meterOf = (row: Record<string, unknown>): Meter & { meterNo: number } => ({
  meterNo: Number(row.meter_no),
  meterId: String(row.meter_id),
  usagePointId: String(row.usage_point_id),
  transformerId: String(row.transformer_id),
  feederId: String(row.feeder_id),
  position: { lat: Number(row.lat), lon: Number(row.lon) },
  serviceFrom: iso(row.service_from),
  serviceTo: isoOrNull(row.service_to),
  channels: (row.channels as { code: number; unit: string; minutes: number }[]).flatMap(({ code, unit, minutes }) => {
    const channel = CHANNEL_BY_CODE[code];
    return channel ? [{ channel, unit, intervalMinutes: minutes }] : [];
  }),
});

const TABLES = { meter: 'meter', transformer: 'transformer', feeder: 'feeder', region: 'region' } as const;

/** Column by which the meters of an entity are found. */
const COLUMNS = {
  meter: 'm.meter_id',
  transformer: 'u.transformer_id',
  feeder: 't.feeder_id',
  region: 's.region_id',
} as const;

/** Channels of meters with where they are installed. */
const CONNECTED = `FROM meter_installation i JOIN meter m USING (meter_no) JOIN meter_channel c USING (meter_no)
  JOIN usage_point u USING (usage_point_id) JOIN transformer t USING (transformer_id)
  JOIN feeder f USING (feeder_id) JOIN substation s USING (substation_id)`;

const position = (row: Record<string, unknown>) => ({ lat: Number(row.lat), lon: Number(row.lon) });

export function topologyReader(database: Queryable): TopologyReader {
  return {
    async listMeters({ transformerId, feederId, afterMeterId, limit }) {
      const { rows } = await database.query(
        `${METERS} WHERE ($1::text IS NULL OR u.transformer_id = $1) AND ($2::text IS NULL OR t.feeder_id = $2)
           AND ($3::text IS NULL OR m.meter_id COLLATE "C" > $3) ORDER BY m.meter_id COLLATE "C" LIMIT $4`,
        [transformerId ?? null, feederId ?? null, afterMeterId ?? null, limit],
      );
      return rows.map(meterOf);
    },
    async findMeter(meterId) {
      const { rows } = await database.query(`${METERS} WHERE m.meter_id = $1`, [meterId]);
      return rows.map(meterOf)[0];
    },
    async exists(entity) {
      if (entity.kind === 'system') return true;
      const { rows } = await database.query(`SELECT 1 FROM ${TABLES[entity.kind]} WHERE ${entity.kind}_id = $1`, [
        entity.id,
      ]);
      return rows.length > 0;
    },
    async timeZones(entity) {
      const { rows } = await database.query(
        entity.kind === 'system' || entity.kind === 'region'
          ? 'SELECT DISTINCT time_zone FROM region WHERE $1::text IS NULL OR region_id = $1'
          : `SELECT DISTINCT time_zone FROM region s JOIN substation USING (region_id) JOIN feeder t USING (substation_id)
             LEFT JOIN transformer u USING (feeder_id) LEFT JOIN usage_point USING (transformer_id)
             LEFT JOIN meter_installation USING (usage_point_id) LEFT JOIN meter m USING (meter_no)
             WHERE ${COLUMNS[entity.kind]} = $1`,
        [entity.kind === 'system' ? null : entity.id],
      );
      return rows.map((row) => String(row.time_zone));
    },
    async connections(entity, channel) {
      const { rows } = await database.query(
        `SELECT i.meter_no, u.transformer_id, c.interval_minutes,
           ${epochMs('i.valid_from')} AS valid_from, ${epochMs('i.valid_to')} AS valid_to
         ${CONNECTED} WHERE c.channel = $1 ${whereEntity(entity, 2)} ORDER BY i.meter_no, i.valid_from`,
        [CHANNELS[channel].code, ...(entity.kind === 'system' ? [] : [entity.id])],
      );
      return rows.map(connectionOf);
    },
    async serviceGroups({ entity, channel, from, to }) {
      // Cut to the range, so that meters which serve all of it are one group.
      const { rows } = await database.query(
        `SELECT u.transformer_id, c.interval_minutes, greatest(${epochMs('i.valid_from')}, $2) AS valid_from,
           CASE WHEN ${epochMs('i.valid_to')} < $3 THEN ${epochMs('i.valid_to')} END AS valid_to, count(*) AS meters
         ${CONNECTED} WHERE c.channel = $1 AND i.valid_from < to_timestamp($3::float8 / 1000)
           AND (i.valid_to IS NULL OR i.valid_to > to_timestamp($2::float8 / 1000)) ${whereEntity(entity, 4)} GROUP BY 1, 2, 3, 4`,
        [CHANNELS[channel].code, from, to, ...(entity.kind === 'system' ? [] : [entity.id])],
      );
      return rows.map((row) => ({
        transformerId: String(row.transformer_id),
        from: Number(row.valid_from),
        to: row.valid_to === null ? null : Number(row.valid_to),
        intervalMinutes: Number(row.interval_minutes),
        meters: Number(row.meters),
      }));
    },
    async feeder(feederId) {
      const { rows } = await database.query(
        `SELECT declared_loss_percent, (SELECT min(s.sensor_id) FROM sensor s WHERE s.feeder_id = f.feeder_id) AS sensor_id
         FROM feeder f WHERE feeder_id = $1`,
        [feederId],
      );
      return rows.map((row) => ({
        declaredLossPercent: row.declared_loss_percent === null ? null : Number(row.declared_loss_percent),
        sensorId: row.sensor_id === null ? null : String(row.sensor_id),
      }))[0];
    },
    async transformers(transformerId) {
      const { rows } = await database.query(
        'SELECT transformer_id, feeder_id, rating_kva FROM transformer WHERE $1::text IS NULL OR transformer_id = $1 ORDER BY 1',
        [transformerId ?? null],
      );
      return rows.map((row) => ({
        transformerId: String(row.transformer_id),
        feederId: String(row.feeder_id),
        ratingKva: Number(row.rating_kva),
      }));
    },
    network: () => network(database),
  };
}

/** What a check meter measures its main meter measures too: it counts in nothing but its own. */
const whereEntity = (entity: Entity, parameter: number): string =>
  entity.kind === 'meter'
    ? `AND m.meter_id = $${parameter}`
    : `AND NOT i.is_check ${entity.kind === 'system' ? '' : `AND ${COLUMNS[entity.kind]} = $${parameter}`}`;

const connectionOf = (row: Record<string, unknown>): Connection => ({
  meterNo: Number(row.meter_no),
  transformerId: String(row.transformer_id),
  from: Number(row.valid_from),
  to: row.valid_to === null ? null : Number(row.valid_to),
  intervalMinutes: Number(row.interval_minutes),
});

async function network(database: Queryable): Promise<Network> {
  const rowsOf = async (sql: string) => (await database.query(sql)).rows;
  const regions = await rowsOf('SELECT region_id, name, time_zone FROM region ORDER BY 1');
  const substations = await rowsOf(
    'SELECT substation_id, name, region_id, ST_X(location) AS lon, ST_Y(location) AS lat FROM substation ORDER BY 1',
  );
  const feeders = await rowsOf(
    `SELECT f.*, ST_AsGeoJSON(f.path)::jsonb AS line,
       (SELECT min(s.sensor_id) FROM sensor s WHERE s.feeder_id = f.feeder_id) AS sensor_id FROM feeder f ORDER BY feeder_id`,
  );
  const transformers = await rowsOf(
    `SELECT transformer_id, name, feeder_id, rating_kva, ST_X(location) AS lon, ST_Y(location) AS lat
     FROM transformer ORDER BY 1`,
  );
  const meters = await rowsOf(`${METERS} ORDER BY m.meter_id COLLATE "C"`);
  return {
    regions: regions.map((row) => ({
      regionId: String(row.region_id),
      name: String(row.name),
      timeZone: String(row.time_zone),
    })),
    substations: substations.map((row) => ({
      substationId: String(row.substation_id),
      name: String(row.name),
      regionId: String(row.region_id),
      position: position(row),
    })),
    feeders: feeders.map((row) => ({
      feederId: String(row.feeder_id),
      name: String(row.name),
      substationId: String(row.substation_id),
      nominalVoltageV: Number(row.nominal_voltage_v),
      ratingKva: Number(row.rating_kva),
      sensorId: row.sensor_id === null ? null : String(row.sensor_id),
      path: (row.line as { coordinates: [number, number][] }).coordinates.map(([lon, lat]) => ({ lat, lon })),
    })),
    transformers: transformers.map((row) => ({
      transformerId: String(row.transformer_id),
      name: String(row.name),
      feederId: String(row.feeder_id),
      ratingKva: Number(row.rating_kva),
      position: position(row),
    })),
    meters: meters.map((row) => {
      const { meterId, usagePointId, transformerId, position: at } = meterOf(row);
      return { meterId, usagePointId, transformerId, position: at };
    }),
  };
}
