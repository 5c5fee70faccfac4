import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import pg from 'pg';
import { postgresMeterFacts } from '../../layers/adapters/postgres/meter-facts.ts';
import { postgresMeterRegistry } from '../../layers/adapters/postgres/meter-registry.ts';
import { migrate, readMigrations } from '../../layers/adapters/postgres/migrate.ts';
import { databaseOf } from '../../layers/adapters/postgres/pool.ts';
import { postgresReadingStore } from '../../layers/adapters/postgres/reading-store.ts';
import { storeReadings } from '../../layers/domain/readings/store-readings.ts';
import { findNativePostgres, startNativePostgres } from '../../test/harness/native-postgres.ts';
import { BASELINE_TABLE, storeNaively } from '../baseline/naive-store.ts';
import { type CpuTime, cpuTime } from '../cpu.ts';
import { type Figure, median } from '../figure.ts';
import { LOAD_DAY, type Load, meterDayLoad, meterIdOf, SLOTS, timeMajorLoad } from '../load.ts';

export const name = 'storage';

const PORT = 21_050;
/** 16 whole buckets; small enough that the baseline, tens of times slower, ends in minutes. */
const METERS = 4096;
const ARRIVING_INTERVALS = 16;
const ROUNDS = 3;
const WARM_UPS = 4;
/** What this has to reach now and where it is going. */
const GOALS: Record<string, [number, number]> = { 'meter-days': [15, 40], 'time-major': [5, 15] };

type Phase = 'store' | 'compact' | 'checkpoint';

/** One way to store the load, with its own tables in the one server. */
interface Contender {
  empty(): Promise<void>;
  store(batch: readonly Uint8Array[]): Promise<void>;
  compact(everything: boolean): Promise<void>;
  /** Energy in Wh by meter and slot, -1 where nothing is stored. */
  stored(): Promise<Int32Array[]>;
}

export async function run(say: (line: string) => void): Promise<Record<string, Figure>> {
  verifyBaseline();
  const found = findNativePostgres();
  if ('missing' in found) throw new Error(`the storage suite needs a native PostgreSQL: ${found.missing}`);
  const server = await startNativePostgres({ bin: found.bin, port: PORT, settings: { synchronous_commit: 'on' } });
  const pool = new pg.Pool({ ...server.settings, max: 2 });
  const client = new pg.Client(server.settings);
  try {
    await client.connect();
    await migrate(client, readMigrations(`${import.meta.dirname}/../../layers/adapters/postgres/migrations`));
    await registerMeters(client);
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

async function registerMeters(client: pg.Client): Promise<void> {
  await client.query(`INSERT INTO meter (meter_id) SELECT unnest($1::text[])`, [
    Array.from({ length: METERS }, (_, meter) => meterIdOf(meter)),
  ]);
  await client.query(`INSERT INTO meter_channel SELECT meter_no, 1, 'kWh', 30 FROM meter`);
}

const nothing = (): Int32Array[] => Array.from({ length: METERS }, () => new Int32Array(SLOTS).fill(-1));

function blocksOf(pool: pg.Pool): Contender {
  const database = databaseOf(pool);
  const readings = postgresReadingStore(database);
  const store = storeReadings({
    readings,
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
      await database.query('TRUNCATE reading_delta, reading_block, reading_version');
    },
    async store(batch) {
      await store(batch);
    },
    async compact(everything) {
      while ((await readings.compact({ everything })).more);
    },
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
  const rates: Record<keyof typeof contenders, number[]> = { blocks: [], baseline: [] };
  const spent: Map<string, number[]> = new Map();
  // Warm-up: an execution environment stores for hours, and a run of the blocks is too short to be compiled in.
  for (let warm = 0; warm < WARM_UPS; warm++) await measure(comparison, contenders.blocks);
  for (let round = 0; round <= ROUNDS; round++) {
    const order = round % 2 === 0 ? (['blocks', 'baseline'] as const) : (['baseline', 'blocks'] as const);
    for (const side of order) {
      const phases = await measure(comparison, contenders[side]);
      const cpuS = [...phases.values()].reduce((sum, { node, postgres }) => sum + node + postgres, 0);
      say(
        `${title} round ${round}${round === 0 ? ' (warm-up)' : ''} ${side}: ${Math.round(load.readings / cpuS)} readings/CPU-s`,
      );
      if (round === 0) continue;
      rates[side].push(load.readings / cpuS);
      for (const [phase, { node, postgres }] of phases) {
        for (const [where, seconds] of [
          ['Node', node],
          ['PostgreSQL', postgres],
        ] as const) {
          const key = `${side} ${phase} in ${where}`;
          spent.set(key, [...(spent.get(key) ?? []), seconds]);
        }
      }
    }
  }
  for (const side of ['blocks', 'baseline'] as const)
    say(`${title} ${side} is bound by ${boundBy(side, spent, load.readings)}`);
  const value = median(rates.blocks);
  const baseline = median(rates.baseline);
  const [now, next] = GOALS[title] as [number, number];
  say(`${title}: ${(value / baseline).toFixed(1)}× (now ≥ ${now}×, going to ≥ ${next}×)`);
  const unit = 'readings/CPU-s';
  return { [title]: { value, unit, ratio: value / baseline }, [`${title} baseline`]: { value: baseline, unit } };
}

/** CPU by phase of one run, from empty tables (or the first half day) to a finished checkpoint; then proves the result. */
async function measure({ load, client, pid }: Comparison, contender: Contender): Promise<Map<Phase, CpuTime>> {
  await contender.empty();
  for (const batch of load.before) await contender.store(batch);
  await contender.compact(true);
  await client.query('CHECKPOINT');
  globalThis.gc?.();
  const phases = new Map<Phase, CpuTime>();
  const timed = async (phase: Phase, work: () => Promise<unknown>) => {
    const before = cpuTime(pid);
    await work();
    const after = cpuTime(pid);
    const sum = phases.get(phase) ?? { node: 0, postgres: 0 };
    phases.set(phase, {
      node: sum.node + after.node - before.node,
      postgres: sum.postgres + after.postgres - before.postgres,
    });
  };
  // Compaction runs to the end: nothing is left as a delta.
  await timed('store', async () => {
    for (const batch of load.batches) await contender.store(batch);
  });
  await timed('compact', () => contender.compact(true));
  await timed('checkpoint', () => client.query('CHECKPOINT'));
  const stored = await contender.stored();
  if (stored.some((day, meter) => Buffer.compare(bytesOf(day), bytesOf(load.expected[meter] as Int32Array)) !== 0)) {
    throw new Error('what was stored is not what was sent');
  }
  return phases;
}

const bytesOf = (numbers: Int32Array): Uint8Array =>
  new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);

function boundBy(side: string, spent: ReadonlyMap<string, readonly number[]>, readings: number): string {
  const parts = [...spent]
    .filter(([key]) => key.startsWith(`${side} `))
    .map(([key, seconds]) => ({ part: key.slice(side.length + 1), microseconds: (median(seconds) / readings) * 1e6 }))
    .sort((a, b) => b.microseconds - a.microseconds);
  return parts
    .filter(({ microseconds }) => microseconds > 0.001)
    .map(({ part, microseconds }) => `${part} ${microseconds.toFixed(2)} µs`)
    .join(', ');
}
