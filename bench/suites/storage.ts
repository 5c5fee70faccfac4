import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import pg from 'pg';
import { postgresMeterFacts } from '../../layers/adapters/postgres/meter-facts.ts';
import { postgresMeterRegistry } from '../../layers/adapters/postgres/meter-registry.ts';
import { migrate, readMigrations } from '../../layers/adapters/postgres/migrate.ts';
import { databaseOf, type Queryable } from '../../layers/adapters/postgres/pool.ts';
import { postgresReadingStore } from '../../layers/adapters/postgres/reading-store.ts';
import { topologyWriter } from '../../layers/adapters/postgres/topology.ts';
import { postgresWindowAggregation } from '../../layers/adapters/postgres/window-aggregation.ts';
import { RELEASED_VERSIONS } from '../../layers/contracts/avro/versions.ts';
import { storeReadings } from '../../layers/domain/readings/store-readings.ts';
import { aggregateWindows } from '../../layers/domain/windows/aggregate-windows.ts';
import { findNativePostgres, startNativePostgres } from '../../test/harness/native-postgres.ts';
import { BASELINE_TABLE, storeNaively } from '../baseline/naive-store.ts';
import { type CpuTime, startCpu } from '../cpu.ts';
import { type Figure, median } from '../figure.ts';
import { COLUMNS_SCHEMA_ID, LOAD_DAY, type Load, meterDayLoad, meterIdOf, SLOTS, timeMajorLoad } from '../load.ts';

export const name = 'storage';

const PORT = 21_050;
/** As deployed: the roles of the functions have `jit` off. */
const SETTINGS = { synchronous_commit: 'on', jit: 'off' };
/** 32 whole buckets; small enough that the baseline, tens of times slower, ends in minutes. */
const METERS = 8192;
const ARRIVING_INTERVALS = 16;
const ROUNDS = 3;
const WARM_UPS = 5;
const METERS_PER_TRANSFORMER = 64;
const TRANSFORMERS_PER_FEEDER = 16;
/** Times the baseline that each case is to reach. */
const GOALS: Readonly<Record<string, Readonly<Record<Form, number>>>> = {
  'meter-days': { batches: 40, columns: 80, avro: 80 },
  'time-major': { batches: 15, columns: 30, avro: 30 },
};
/** Share of the baseline's bytes that a reading may take on disk. */
const DISK_GOAL = 15;

/** The forms of a load, and how a case is named after them. */
const FORMS = { batches: '', columns: ' columnar JSON', avro: ' columnar Avro' } as const;
type Form = keyof typeof FORMS;

type Phase = 'store' | 'compact' | 'windows' | 'checkpoint';

/** One way to store the load, with its own tables in the one server. */
interface Contender {
  empty(): Promise<void>;
  store(batch: readonly Uint8Array[]): Promise<void>;
  compact(everything: boolean): Promise<void>;
  /** Sums of transformers, feeders and the system brought up to date. */
  aggregate(): Promise<void>;
  /** A digest of everything that is stored, rows in key order. */
  digest(): Promise<string>;
  /** What lies on disk once it is compacted, indexes included, bytes. */
  bytes(): Promise<number>;
  /** Energy in Wh by meter and slot, -1 where nothing is stored. */
  stored(): Promise<Int32Array[]>;
}

export async function run(say: (line: string) => void): Promise<Record<string, Figure>> {
  verifyBaseline();
  const found = findNativePostgres();
  if ('missing' in found) throw new Error(`the storage suite needs a native PostgreSQL: ${found.missing}`);
  const server = await startNativePostgres({ bin: found.bin, port: PORT, settings: SETTINGS });
  const pool = new pg.Pool({ ...server.settings, max: 2 });
  const client = new pg.Client(server.settings);
  try {
    await client.connect();
    await migrate(client, readMigrations(`${import.meta.dirname}/../../layers/adapters/postgres/migrations`));
    await registerMeters(pool);
    const { rows } = await client.query(
      `SELECT current_setting('fsync') || current_setting('synchronous_commit') AS on`,
    );
    if (rows[0]?.on !== 'onon') throw new Error('the server is not durable');
    say(`${found.version}, fsync and synchronous_commit on, ${METERS} meters, ${ROUNDS} interleaved rounds`);
    const contenders = { blocks: blocksOf(pool), baseline: await baselineOf(client) };
    const figures: Record<string, Figure> = {};
    const loads = { 'meter-days': meterDayLoad(METERS), 'time-major': timeMajorLoad(METERS, ARRIVING_INTERVALS) };
    for (const [title, load] of Object.entries(loads)) {
      Object.assign(figures, await compare({ title, load, contenders, client, pid: server.pid, say }));
    }
    return figures;
  } finally {
    await pool.end();
    await client.end();
    await server.stop();
  }
}

/** @throws if the frozen baseline was changed. */
function verifyBaseline(): void {
  const folder = `${import.meta.dirname}/../baseline`;
  const sum = createHash('sha256')
    .update(readFileSync(`${folder}/naive-store.ts`))
    .digest('hex');
  const pinned = readFileSync(`${folder}/baseline.sha256`, 'utf8').trim();
  if (sum !== pinned) throw new Error(`bench/baseline/naive-store.ts is not the pinned one: ${sum}`);
}

/** Meters at transformers, feeders and a region, as the import of a topology brings them; numbered in the order of their ids. */
async function registerMeters(pool: pg.Pool): Promise<void> {
  const meters = Array.from({ length: METERS }, (_, meter) => meter);
  const place = { lon: 151, lat: -33 };
  const transformerOf = (meter: number) => Math.floor(meter / METERS_PER_TRANSFORMER);
  const feederOf = (transformer: number) => Math.floor(transformer / TRANSFORMERS_PER_FEEDER);
  const transformers = meters.slice(0, transformerOf(METERS - 1) + 1);
  const outcome = await topologyWriter(databaseOf(pool)).importTopology({
    regions: [{ regionId: 'R', name: 'Region', timeZone: 'Australia/Sydney' }],
    substations: [{ substationId: 'S', regionId: 'R', name: 'Substation', ...place }],
    feeders: transformers.slice(0, feederOf(transformers.length - 1) + 1).map((feeder) => ({
      feederId: `F${feeder}`,
      substationId: 'S',
      name: 'Feeder',
      nominalVoltageV: 11_000,
      ratingKva: 5000,
      path: [
        [place.lon, place.lat],
        [place.lon + 0.1, place.lat],
      ],
    })),
    transformers: transformers.map((transformer) => ({
      transformerId: `T${transformer}`,
      feederId: `F${feederOf(transformer)}`,
      name: 'Transformer',
      ratingKva: 500,
      ...place,
    })),
    usagePoints: meters.map((meter) => ({
      usagePointId: `U${meter}`,
      transformerId: `T${transformerOf(meter)}`,
      ...place,
    })),
    meters: meters.map((meter) => ({
      meterId: meterIdOf(meter),
      usagePointId: `U${meter}`,
      from: '2012-01-01T00:00:00Z',
      channels: [{ channel: 'activeEnergyImport', unit: 'kWh', intervalMinutes: 30 }],
    })),
  });
  if ('dangling' in outcome) throw new Error('the topology has dangling references');
}

async function sizeOf(database: Queryable, tables: readonly string[]): Promise<number> {
  const { rows } = await database.query(
    'SELECT sum(pg_total_relation_size(name::regclass))::float8 AS bytes FROM unnest($1::text[]) AS name',
    [tables],
  );
  return Number(rows[0]?.bytes);
}

async function digestOf(database: Queryable, table: string): Promise<string> {
  const { rows } = await database.query(
    `SELECT count(*) || '/' || coalesce(sum(hashtextextended(each::text, 0)), 0) AS digest FROM ${table} AS each`,
  );
  return String(rows[0]?.digest);
}

const nothing = (): Int32Array[] => Array.from({ length: METERS }, () => new Int32Array(SLOTS).fill(-1));

function blocksOf(pool: pg.Pool): Contender {
  const database = databaseOf(pool);
  const readings = postgresReadingStore(database);
  const windows = postgresWindowAggregation(database);
  const [columnar] = RELEASED_VERSIONS.filter(({ kind }) => kind === 'interval-columns');
  if (!columnar) throw new Error('no released schema of columnar messages');
  const store = storeReadings({
    readings,
    schemas: new Map([[COLUMNS_SCHEMA_ID, columnar]]),
    facts: postgresMeterFacts(database),
    registry: postgresMeterRegistry(database),
    quarantine: {
      async put(messages) {
        if (messages.length > 0) throw new Error(`quarantined: ${JSON.stringify(messages[0]?.reasons)}`);
      },
    },
    clock: Date.now,
  });
  return {
    async empty() {
      await database.query(
        'TRUNCATE reading_delta, reading_block, reading_version, window_day, window_due, window_mark, window_known_day',
      );
    },
    async store(batch) {
      await store(batch);
    },
    async compact(everything) {
      while ((await readings.compact({ everything })).more);
    },
    async aggregate() {
      await aggregateWindows(windows);
    },
    async digest() {
      const tables = ['reading_delta', 'reading_block', 'reading_version', 'window_day'];
      return (await Promise.all(tables.map((table) => digestOf(database, table)))).join();
    },
    bytes: () => sizeOf(database, ['reading_block', 'reading_version']),
    async stored() {
      const meterNos = Array.from({ length: METERS }, (_, meter) => meter + 1);
      const energies = nothing();
      for (const { meterNo, block } of await readings.readMany({
        meterNos,
        channel: 1,
        fromDay: LOAD_DAY,
        toDay: LOAD_DAY + 1,
      }))
        for (const [slot, quality] of block.quality.entries())
          if (quality !== 0) (energies[meterNo - 1] as Int32Array)[slot] = block.energyWh[slot] as number;
      return energies;
    },
  };
}

async function baselineOf(client: pg.Client): Promise<Contender> {
  await client.query(BASELINE_TABLE);
  const meters = new Map(
    Array.from({ length: METERS }, (_, meter) => [meterIdOf(meter), { meterNo: meter + 1, intervalMinutes: 30 }]),
  );
  return {
    async empty() {
      await client.query('TRUNCATE naive_reading');
    },
    async store(batch) {
      await storeNaively(client, batch, meters);
    },
    async compact() {},
    async aggregate() {},
    digest: () => digestOf(client, 'naive_reading'),
    bytes: () => sizeOf(client, ['naive_reading']),
    async stored() {
      const energies = nothing();
      const { rows } = await client.query({
        text: `SELECT meter_no, (extract(epoch FROM interval_start)::int - $1) / 1800, energy_wh FROM naive_reading`,
        values: [LOAD_DAY * 86_400],
        rowMode: 'array',
      });
      for (const [meterNo, slot, energyWh] of rows as unknown as number[][]) {
        (energies[(meterNo as number) - 1] as Int32Array)[slot as number] = energyWh as number;
      }
      return energies;
    },
  };
}

interface Comparison {
  title: string;
  load: Load;
  contenders: { blocks: Contender; baseline: Contender };
  client: pg.Client;
  pid: number;
  say: (line: string) => void;
}

async function compare(comparison: Comparison): Promise<Record<string, Figure>> {
  const { title, load, contenders, say } = comparison;
  const sides = [
    { name: 'baseline', contender: contenders.baseline, form: 'batches' },
    ...Object.entries(FORMS).map(([form, suffix]) => ({
      name: `${title}${suffix}`,
      contender: contenders.blocks,
      form: form as Form,
    })),
  ] as const;
  const rates = new Map<string, number[]>();
  const replays = new Map<string, number>();
  const spent = new Map<string, number[]>();
  const bytes = new Map<string, number>();
  const note = (into: Map<string, number[]>, key: string, value: number) =>
    into.set(key, [...(into.get(key) ?? []), value]);
  // Warm-up: an execution environment stores for hours, and a run of the blocks is too short to be compiled in.
  for (let warm = 0; warm < WARM_UPS; warm++)
    for (const { contender, form } of sides.slice(1)) await measure(comparison, contender, form as Form);
  for (let round = 0; round <= ROUNDS; round++) {
    for (const { name: side, contender, form } of round % 2 === 0 ? sides : [...sides].reverse()) {
      const phases = await measure(comparison, contender, form as Form);
      const cpuS = [...phases.values()].reduce((sum, { node, postgres }) => sum + node + postgres, 0);
      say(
        `${title} round ${round}${round === 0 ? ' (warm-up)' : ''} ${side}: ${Math.round(load.readings / cpuS)} readings/CPU-s`,
      );
      if (round === 0) continue;
      note(rates, side, load.readings / cpuS);
      bytes.set(side, await contender.bytes());
      if (round === ROUNDS) {
        const { node, postgres } = await replay(comparison, contender, form as Form);
        replays.set(side, load.readings / (node + postgres));
      }
      for (const [phase, { node, postgres }] of phases) {
        note(spent, `${side}: ${phase} in Node`, node);
        note(spent, `${side}: ${phase} in PostgreSQL`, postgres);
      }
    }
  }
  const baseline = median(rates.get('baseline') ?? []);
  const unit = 'readings/CPU-s';
  const figures: Record<string, Figure> = { [`${title} baseline`]: { value: baseline, unit } };
  for (const { name: side, form } of sides) {
    say(`${title} ${side} is bound by ${boundBy(side, spent, load.readings)}`);
    if (side === 'baseline') continue;
    const value = median(rates.get(side) ?? []);
    figures[side] = { value, unit, ratio: value / baseline };
    say(`${side}: ${(value / baseline).toFixed(1)}× (goal ≥ ${GOALS[title]?.[form as Form]}×)`);
    const again = replays.get(side) ?? Number.NaN;
    const ratio = again / (replays.get('baseline') ?? Number.NaN);
    figures[`${side} again`] = { value: again, unit, ratio };
    say(
      `${side}, the same once more: ${(1e6 / again).toFixed(2)} µs per reading, ${ratio.toFixed(1)}×; nothing changed`,
    );
  }
  const stored = load.expected.reduce((sum, day) => sum + day.filter((energyWh) => energyWh >= 0).length, 0);
  const perReading = (side: string) => (bytes.get(side) ?? Number.NaN) / stored;
  const ratio = perReading('baseline') / perReading(title);
  figures[`${title} on disk`] = { value: perReading(title), unit: 'bytes/reading', ratio };
  say(
    `${title} on disk: ${perReading(title).toFixed(1)} bytes per reading, baseline ${perReading('baseline').toFixed(1)}: 1/${ratio.toFixed(1)} (goal 1/${DISK_GOAL})`,
  );
  return figures;
}

/** CPU by phase of one run, from empty tables (or the first half day) to a finished checkpoint; then proves the result. */
async function measure(
  { load, client, pid }: Comparison,
  contender: Contender,
  form: Form,
): Promise<Map<Phase, CpuTime>> {
  await contender.empty();
  for (const batch of load.before) await contender.store(batch);
  await contender.compact(true);
  await contender.aggregate();
  await client.query('CHECKPOINT');
  const phases = new Map<Phase, CpuTime>();
  const timed = async (phase: Phase, work: () => Promise<unknown>) => {
    const spent = startCpu(pid);
    await work();
    const { node, postgres } = spent();
    const sum = phases.get(phase) ?? { node: 0, postgres: 0 };
    phases.set(phase, { node: sum.node + node, postgres: sum.postgres + postgres });
  };
  // Compaction runs to the end: nothing is left as a delta.
  await timed('store', async () => {
    for (const batch of load[form]) await contender.store(batch);
  });
  await timed('compact', () => contender.compact(true));
  await timed('windows', () => contender.aggregate());
  await timed('checkpoint', () => client.query('CHECKPOINT'));
  const stored = await contender.stored();
  if (stored.some((day, meter) => Buffer.compare(bytesOf(day), bytesOf(load.expected[meter] as Int32Array)) !== 0)) {
    throw new Error('what was stored is not what was sent');
  }
  return phases;
}

/** CPU of storing the same once more, to the end. @throws if anything changes */
async function replay({ load, client, pid }: Comparison, contender: Contender, form: Form): Promise<CpuTime> {
  const before = await contender.digest();
  const spent = startCpu(pid);
  for (const batch of load[form]) await contender.store(batch);
  await contender.compact(true);
  await contender.aggregate();
  await client.query('CHECKPOINT');
  const cpu = spent();
  if ((await contender.digest()) !== before) throw new Error('the same readings once more changed what is stored');
  return cpu;
}

const bytesOf = (numbers: Int32Array): Uint8Array =>
  new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);

function boundBy(side: string, spent: ReadonlyMap<string, readonly number[]>, readings: number): string {
  const parts = [...spent]
    .filter(([key]) => key.startsWith(`${side}: `))
    .map(([key, seconds]) => ({ part: key.slice(side.length + 2), microseconds: (median(seconds) / readings) * 1e6 }))
    .sort((a, b) => b.microseconds - a.microseconds);
  return parts
    .filter(({ microseconds }) => microseconds > 0.001)
    .map(({ part, microseconds }) => `${part} ${microseconds.toFixed(2)} µs`)
    .join(', ');
}
