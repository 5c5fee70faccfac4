import type { TopologyChange } from '../../contracts/api/topology.ts';
import { CHANNELS, ENERGY_SCALE } from '../../contracts/messages/channels.ts';
import type { Topology } from '../../contracts/messages/topology.ts';
import type {
  DanglingReference,
  RegisteredFeeder,
  RegisteredSensor,
  TopologyWriter,
} from '../../domain/network/topology-store.ts';
import type { Database, Queryable } from './pool.ts';

type Section = keyof Topology;

/**
 * Each section as one upsert from a JSON array: rows that are equal are not touched, so that the same import twice writes
 * nothing. Installations are dealt with apart.
 */
const UPSERTS: Record<Exclude<Section, 'meters'>, string> = {
  regions: upsert({
    table: 'region',
    select: `"regionId", name, "timeZone" FROM jsonb_to_recordset($1) AS x("regionId" text, name text, "timeZone" text)`,
    columns: ['region_id', 'name', 'time_zone'],
  }),
  substations: upsert({
    table: 'substation',
    select: `"substationId", "regionId", name, ST_SetSRID(ST_MakePoint(lon, lat), 4326)
      FROM jsonb_to_recordset($1) AS x("substationId" text, "regionId" text, name text, lon float8, lat float8)`,
    columns: ['substation_id', 'region_id', 'name', 'location'],
  }),
  feeders: upsert({
    table: 'feeder',
    select: `"feederId", "substationId", name, "nominalVoltageV", "ratingKva", "declaredLossPercent",
      ST_SetSRID(ST_GeomFromGeoJSON(jsonb_build_object('type', 'LineString', 'coordinates', path)::text), 4326)
      FROM jsonb_to_recordset($1) AS x("feederId" text, "substationId" text, name text, "nominalVoltageV" float8,
        "ratingKva" float8, "declaredLossPercent" float8, path jsonb)`,
    columns: ['feeder_id', 'substation_id', 'name', 'nominal_voltage_v', 'rating_kva', 'declared_loss_percent', 'path'],
  }),
  transformers: upsert({
    table: 'transformer',
    select: `"transformerId", "feederId", name, "ratingKva", ST_SetSRID(ST_MakePoint(lon, lat), 4326)
      FROM jsonb_to_recordset($1) AS x("transformerId" text, "feederId" text, name text, "ratingKva" float8, lon float8, lat float8)`,
    columns: ['transformer_id', 'feeder_id', 'name', 'rating_kva', 'location'],
  }),
  usagePoints: upsert({
    table: 'usage_point',
    select: `"usagePointId", "transformerId", ST_SetSRID(ST_MakePoint(lon, lat), 4326), "serviceRatingKva"
      FROM jsonb_to_recordset($1) AS x("usagePointId" text, "transformerId" text, lon float8, lat float8, "serviceRatingKva" float8)`,
    columns: ['usage_point_id', 'transformer_id', 'location', 'service_rating_kva'],
  }),
  concentrators: upsert({
    table: 'concentrator',
    select: `"concentratorId", name FROM jsonb_to_recordset($1) AS x("concentratorId" text, name text)`,
    columns: ['concentrator_id', 'name'],
  }),
  sensors: upsert({
    table: 'sensor',
    select: `"sensorId", "feederId", "transformerId", name, kinds
      FROM jsonb_to_recordset($1) AS x("sensorId" text, "feederId" text, "transformerId" text, name text, kinds jsonb)`,
    columns: ['sensor_id', 'feeder_id', 'transformer_id', 'name', 'kinds'],
  }),
};

/** Key first. The RETURNING rows are the written ones; `xmax` is 0 only in rows that did not exist. */
function upsert({ table, select, columns }: { table: string; select: string; columns: readonly string[] }): string {
  const [key, ...others] = columns;
  const row = (prefix: string) => others.map((column) => `${prefix}.${column}`).join(', ');
  return `INSERT INTO ${table} (${columns.join(', ')}) SELECT ${select}
    ON CONFLICT (${key}) DO UPDATE SET ${others.map((column) => `${column} = excluded.${column}`).join(', ')}
    WHERE (${row(table)}) IS DISTINCT FROM (${row('excluded')})
    RETURNING (xmax = 0) AS inserted`;
}

/** References of a section: the field, and the table and column that must hold it. */
const REFERENCES: readonly (readonly [Section, string, string])[] = [
  ['substations', 'regionId', 'region'],
  ['feeders', 'substationId', 'substation'],
  ['transformers', 'feederId', 'feeder'],
  ['usagePoints', 'transformerId', 'transformer'],
  ['meters', 'usagePointId', 'usage_point'],
  ['meters', 'concentratorId', 'concentrator'],
  ['sensors', 'feederId', 'feeder'],
  ['sensors', 'transformerId', 'transformer'],
];

const DECLARED: Readonly<Record<string, readonly [Section, string]>> = {
  region: ['regions', 'regionId'],
  substation: ['substations', 'substationId'],
  feeder: ['feeders', 'feederId'],
  transformer: ['transformers', 'transformerId'],
  usage_point: ['usagePoints', 'usagePointId'],
  concentrator: ['concentrators', 'concentratorId'],
};

const entries = (topology: Topology, section: Section): Record<string, unknown>[] => topology[section] ?? [];

async function danglingReferences(session: Queryable, topology: Topology): Promise<DanglingReference[]> {
  const dangling: DanglingReference[] = [];
  for (const [section, field, table] of REFERENCES) {
    const [declaredIn, declaredAs] = DECLARED[table] as readonly [Section, string];
    const declared = new Set(entries(topology, declaredIn).map((entry) => entry[declaredAs]));
    const named = entries(topology, section).flatMap((entry, index) => {
      const id = entry[field];
      return typeof id !== 'string' || declared.has(id)
        ? []
        : [{ path: `${section}[${index}].${field}`, kind: table, id }];
    });
    if (named.length === 0) continue;
    const { rows } = await session.query(`SELECT ${table}_id AS id FROM ${table} WHERE ${table}_id = ANY($1)`, [
      named.map(({ id }) => id),
    ]);
    const known = new Set(rows.map((row) => row.id));
    dangling.push(...named.filter(({ id }) => !known.has(id)));
  }
  return dangling;
}

const countOf = (rows: readonly Record<string, unknown>[], total: number): TopologyChange => {
  const inserted = rows.filter((row) => row.inserted === true).length;
  return { inserted, changed: rows.length - inserted, unchanged: total - rows.length };
};

async function importSection(
  session: Queryable,
  topology: Topology,
  section: Exclude<Section, 'meters'>,
): Promise<TopologyChange> {
  const given = entries(topology, section);
  if (given.length === 0) return { inserted: 0, changed: 0, unchanged: 0 };
  return countOf((await session.query(UPSERTS[section], [JSON.stringify(given)])).rows, given.length);
}

const INSTALLED = 'usage_point_id, serial, concentrator_id, is_check';

/**
 * Meters, their channels, registers and installations. An installation ends where the meter's next one begins, whichever is imported
 * first, so installations of a meter never overlap.
 */
async function importMeters(session: Queryable, topology: Topology): Promise<TopologyChange> {
  const meters = topology.meters ?? [];
  if (meters.length === 0) return { inserted: 0, changed: 0, unchanged: 0 };
  const ids = meters.map(({ meterId }) => meterId);
  const created = await session.query(
    'INSERT INTO meter (meter_id) SELECT id FROM unnest($1::text[]) AS id ORDER BY id ON CONFLICT (meter_id) DO NOTHING RETURNING meter_id',
    [ids],
  );
  const numbered = await session.query('SELECT meter_no, meter_id FROM meter WHERE meter_id = ANY($1)', [ids]);
  const numberOf = new Map(numbered.rows.map((row) => [String(row.meter_id), Number(row.meter_no)]));
  const changed = new Set<unknown>();
  const channels = await session.query(
    upsertMany('meter_channel', ['meter_no', 'channel'], ['unit', 'interval_minutes'], {
      meter_no: 'integer',
      channel: 'smallint',
      unit: 'text',
      interval_minutes: 'smallint',
    }),
    [
      JSON.stringify(
        meters.flatMap(({ meterId, channels: each }) =>
          each.map(({ channel, unit, intervalMinutes }) => ({
            meter_no: numberOf.get(meterId),
            channel: CHANNELS[channel].code,
            unit,
            interval_minutes: intervalMinutes,
          })),
        ),
      ),
    ],
  );
  const registers = await session.query(
    upsertMany('meter_register', ['meter_no', 'channel', 'valid_from'], ['multiplier', 'digits', 'resolution_wh'], {
      meter_no: 'integer',
      channel: 'smallint',
      valid_from: 'timestamptz',
      multiplier: 'float8',
      digits: 'smallint',
      resolution_wh: 'integer',
    }),
    [
      JSON.stringify(
        meters.flatMap(({ meterId, from, channels: each }) =>
          each.map(({ channel, multiplier = 1, register }) => ({
            meter_no: numberOf.get(meterId),
            channel: CHANNELS[channel].code,
            valid_from: from,
            multiplier,
            digits: register?.digits ?? null,
            resolution_wh: register ? Math.round(register.resolution * ENERGY_SCALE) : null,
          })),
        ),
      ),
    ],
  );
  const rows = meters.map(({ meterId, usagePointId, from, to, serial, concentratorId, role }) => ({
    meter_no: numberOf.get(meterId),
    valid_from: from,
    valid_to: to ?? null,
    usage_point_id: usagePointId,
    serial: serial ?? '',
    concentrator_id: concentratorId ?? null,
    is_check: role === 'check',
  }));
  const shortened = await session.query(
    `UPDATE meter_installation i SET valid_to = x.valid_from
     FROM jsonb_to_recordset($1) AS x(meter_no integer, valid_from timestamptz)
     WHERE i.meter_no = x.meter_no AND i.valid_from < x.valid_from AND (i.valid_to IS NULL OR i.valid_to > x.valid_from)
     RETURNING i.meter_no`,
    [JSON.stringify(rows)],
  );
  const installed = await session.query(
    `INSERT INTO meter_installation (meter_no, valid_from, valid_to, ${INSTALLED})
     SELECT x.meter_no, x.valid_from, least(x.valid_to, (SELECT min(n.valid_from) FROM meter_installation n
       WHERE n.meter_no = x.meter_no AND n.valid_from > x.valid_from)), ${INSTALLED}
     FROM jsonb_to_recordset($1) AS x(meter_no integer, valid_from timestamptz, valid_to timestamptz, usage_point_id text,
       serial text, concentrator_id text, is_check boolean)
     ON CONFLICT (meter_no, valid_from) DO UPDATE SET (valid_to, ${INSTALLED}) =
       (excluded.valid_to, excluded.usage_point_id, excluded.serial, excluded.concentrator_id, excluded.is_check)
     WHERE (meter_installation.valid_to, meter_installation.usage_point_id, meter_installation.serial,
         meter_installation.concentrator_id, meter_installation.is_check)
       IS DISTINCT FROM (excluded.valid_to, excluded.usage_point_id, excluded.serial, excluded.concentrator_id,
         excluded.is_check)
     RETURNING meter_no`,
    [JSON.stringify(rows)],
  );
  for (const { rows: touched } of [channels, registers, shortened, installed])
    for (const row of touched) changed.add(row.meter_no);
  for (const row of created.rows) changed.delete(numberOf.get(String(row.meter_id)));
  const inserted = created.rows.length;
  return { inserted, changed: changed.size, unchanged: meters.length - inserted - changed.size };
}

function upsertMany(
  table: string,
  keys: readonly string[],
  others: readonly string[],
  types: Readonly<Record<string, string>>,
): string {
  const columns = [...keys, ...others];
  const row = (prefix: string) => others.map((column) => `${prefix}.${column}`).join(', ');
  return `INSERT INTO ${table} (${columns.join(', ')}) SELECT ${columns.join(', ')}
    FROM jsonb_to_recordset($1) AS x(${columns.map((column) => `${column} ${types[column]}`).join(', ')})
    ON CONFLICT (${keys.join(', ')}) DO UPDATE SET ${others.map((column) => `${column} = excluded.${column}`).join(', ')}
    WHERE (${row(table)}) IS DISTINCT FROM (${row('excluded')})
    RETURNING ${keys[0]}`;
}

class Refused extends Error {
  readonly dangling: readonly DanglingReference[];
  constructor(dangling: readonly DanglingReference[]) {
    super('dangling references');
    this.dangling = dangling;
  }
}

export function topologyWriter(database: Database): TopologyWriter {
  return {
    async importTopology(topology) {
      try {
        const changes = await database.transaction(async (session) => {
          // One import at a time: two that change the same meter must not see each other half done.
          await session.query('LOCK TABLE meter_installation IN SHARE ROW EXCLUSIVE MODE');
          const dangling = await danglingReferences(session, topology);
          if (dangling.length > 0) throw new Refused(dangling);
          return {
            regions: await importSection(session, topology, 'regions'),
            substations: await importSection(session, topology, 'substations'),
            feeders: await importSection(session, topology, 'feeders'),
            transformers: await importSection(session, topology, 'transformers'),
            usagePoints: await importSection(session, topology, 'usagePoints'),
            concentrators: await importSection(session, topology, 'concentrators'),
            meters: await importMeters(session, topology),
            sensors: await importSection(session, topology, 'sensors'),
          };
        });
        return { changes };
      } catch (failure) {
        if (failure instanceof Refused) return { dangling: failure.dangling };
        throw failure;
      }
    },
    async sensorsAndFeeders({ sensorIds, feederIds }) {
      const sensors = await database.query(
        'SELECT sensor_id, name, feeder_id, transformer_id, kinds FROM sensor WHERE sensor_id = ANY($1) ORDER BY 1',
        [sensorIds],
      );
      const feeders = await database.query(
        `SELECT f.feeder_id, f.name, (SELECT min(s.sensor_id) FROM sensor s WHERE s.feeder_id = f.feeder_id) AS sensor_id
         FROM feeder f WHERE f.feeder_id = ANY($1) ORDER BY 1`,
        [[...feederIds, ...sensors.rows.flatMap((row) => (row.feeder_id === null ? [] : [String(row.feeder_id)]))]],
      );
      return { sensors: sensors.rows.map(sensorOf), feeders: feeders.rows.map(feederOf) };
    },
  };
}

const text = (value: unknown): string | null => (value === null ? null : String(value));

const sensorOf = (row: Record<string, unknown>): RegisteredSensor => ({
  sensorId: String(row.sensor_id),
  name: String(row.name),
  feederId: text(row.feeder_id),
  transformerId: text(row.transformer_id),
  kinds: row.kinds as RegisteredSensor['kinds'],
});

const feederOf = (row: Record<string, unknown>): RegisteredFeeder => ({
  feederId: String(row.feeder_id),
  name: String(row.name),
  sensorId: text(row.sensor_id),
});
