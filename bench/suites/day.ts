import { fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import pg from 'pg';
import { migrate, readMigrations } from '../../layers/adapters/postgres/migrate.ts';
import { databaseOf } from '../../layers/adapters/postgres/pool.ts';
import { postgresReadingStore } from '../../layers/adapters/postgres/reading-store.ts';
import type { ReadingStore } from '../../layers/domain/readings/reading-store.ts';
import { findNativePostgres, startNativePostgres } from '../../test/harness/native-postgres.ts';
import { startCpu } from '../cpu.ts';
import { DAY_SLOTS, type DayForm, dayEnergyWh } from '../day/day-load.ts';
import type { DayProgress, DayWork } from '../day/worker.ts';
import type { Figure } from '../figure.ts';
import { LOAD_DAY } from '../load.ts';

export const name = 'day';

const PORT = 21_055;
/** A million, or fewer for a first look: `DAY_METERS=50000 npm run bench -- day`. */
const METERS = Number(process.env.DAY_METERS ?? 1_000_000);
/** Both, or one: `DAY_FORM=JSON npm run bench -- day`. */
const DAY_FORMS = (['JSON', 'columnar'] as const).filter((form) => (process.env.DAY_FORM ?? form) === form);
const WORKERS = Math.min(2, availableParallelism());
const GOALS: Readonly<Record<DayForm, number>> = { JSON: 120, columnar: 60 };
const LOOKED_AT = 200;
const METERS_PER_READ = 10_240;

/** One day of a million meters, interval by interval, from stream records to blocks that answer queries. */
export async function run(say: (line: string) => void): Promise<Record<string, Figure>> {
  const found = findNativePostgres();
  if ('missing' in found) throw new Error(`the day suite needs a native PostgreSQL: ${found.missing}`);
  const figures: Record<string, Figure> = {};
  if (DAY_FORMS.length === 0) throw new Error('DAY_FORM is JSON or columnar');
  for (const form of DAY_FORMS) {
    const settings = { synchronous_commit: 'on', jit: 'off', max_wal_size: '4GB', shared_buffers: '256MB' };
    const server = await startNativePostgres({ bin: found.bin, port: PORT, settings });
    const pool = new pg.Pool({ ...server.settings, max: 2 });
    try {
      await registerMeters(pool);
      say(`${form}: ${METERS} meters registered; ${WORKERS} processes store ${METERS * DAY_SLOTS} readings`);
      const spent = startCpu(server.pid);
      const workers = await storeDay(form, server.settings, say);
      await pool.query('CHECKPOINT');
      const postgresS = spent().postgres;
      const seconds = Math.max(...workers.map(({ busyMs }) => busyMs)) / 1000;
      const nodeS = workers.reduce((sum, { cpuMs }) => sum + cpuMs, 0) / 1000;
      await verify(postgresReadingStore(databaseOf(pool)), say);
      const { rows } = await pool.query(`SELECT pg_total_relation_size('reading_block')::float8 AS bytes`);
      const each = 1e6 / (METERS * DAY_SLOTS);
      say(
        `${form}: ${seconds.toFixed(1)} s (goal for a million meters ≤ ${GOALS[form]} s); bound by CPU: Node ${nodeS.toFixed(1)} s (${(nodeS * each).toFixed(2)} µs per reading), PostgreSQL ${postgresS.toFixed(1)} s (${(postgresS * each).toFixed(2)} µs), on ${WORKERS} cores; blocks ${(rows[0].bytes / METERS / DAY_SLOTS).toFixed(1)} bytes per reading`,
      );
      figures[`${form} wall`] = { value: seconds, unit: 's' };
      figures[`${form} CPU`] = { value: nodeS + postgresS, unit: 'CPU-s' };
      figures[`${form} rate`] = { value: (METERS * DAY_SLOTS) / seconds, unit: 'readings/s' };
    } finally {
      await pool.end();
      await server.stop();
    }
  }
  return figures;
}

async function registerMeters(pool: pg.Pool): Promise<void> {
  const client = await pool.connect();
  try {
    await migrate(client, readMigrations(`${import.meta.dirname}/../../layers/adapters/postgres/migrations`));
    await client.query(
      `INSERT INTO meter (meter_id) SELECT 'm' || lpad(n::text, 7, '0') FROM generate_series(0, $1::int - 1) AS n ORDER BY n`,
      [METERS],
    );
    await client.query(`INSERT INTO meter_channel SELECT meter_no, 1, 'kWh', 15 FROM meter`);
    await client.query('ANALYZE meter, meter_channel');
  } finally {
    client.release();
  }
}

/** A process for each core, each with its share of the meters, as the shards of the stream would give it. */
async function storeDay(form: DayForm, settings: pg.ClientConfig, say: (line: string) => void): Promise<DayProgress[]> {
  const share = Math.ceil(METERS / WORKERS);
  const states: DayProgress[] = [];
  let saidAt = 0;
  const tell = () => {
    const readings = states.reduce((sum, state) => sum + (state?.readings ?? 0), 0);
    const done = readings / (METERS * DAY_SLOTS);
    if (done < saidAt + 0.05) return;
    saidAt = done;
    const filled = Math.round(done * 20);
    const busyS = Math.max(...states.map((state) => state?.busyMs ?? 0)) / 1000;
    say(
      `${form} ${'█'.repeat(filled)}${'░'.repeat(20 - filled)} ${(readings / 1e6).toFixed(1)} M readings in ${busyS.toFixed(1)} s`,
    );
  };
  return await Promise.all(
    Array.from(
      { length: WORKERS },
      (_, worker) =>
        new Promise<DayProgress>((resolve, reject) => {
          const child = fork(`${import.meta.dirname}/../day/worker.ts`);
          child.on('message', (progress) => {
            states[worker] = progress as DayProgress;
            tell();
            if ((progress as DayProgress).done) resolve(progress as DayProgress);
          });
          child.on('exit', (code) => {
            if (code !== 0) reject(new Error(`a storing process ended with ${code}`));
          });
          const work: DayWork = { settings, form, from: worker * share, to: Math.min(METERS, (worker + 1) * share) };
          child.send(work);
        }),
    ),
  );
}

/** Random meters read back exactly, and the sum of the whole system. @throws if anything is missing, doubled or another. */
async function verify(readings: ReadingStore, say: (line: string) => void): Promise<void> {
  const day = { channel: 1, fromDay: LOAD_DAY, toDay: LOAD_DAY + 1 };
  const startedAt = performance.now();
  for (let look = 0; look < LOOKED_AT; look++) {
    const meter = (look * 7_368_787 + 12_345) % METERS;
    const [found] = await readings.readMany({ ...day, meterNos: [meter + 1] });
    for (let slot = 0; slot < DAY_SLOTS; slot++) {
      if (found?.block.quality[slot] !== 2 || found.block.energyWh[slot] !== dayEnergyWh(meter, slot)) {
        throw new Error(`meter ${meter} slot ${slot} is not what was sent`);
      }
    }
  }
  const lookMs = (performance.now() - startedAt) / LOOKED_AT;
  let expected = 0;
  let stored = 0;
  let present = 0;
  for (let from = 0; from < METERS; from += METERS_PER_READ) {
    const meters = Array.from({ length: Math.min(METERS_PER_READ, METERS - from) }, (_, n) => from + n);
    for (const meter of meters) for (let slot = 0; slot < DAY_SLOTS; slot++) expected += dayEnergyWh(meter, slot);
    for (const { block } of await readings.readMany({ ...day, meterNos: meters.map((meter) => meter + 1) })) {
      for (let slot = 0; slot < DAY_SLOTS; slot++) {
        stored += block.energyWh[slot] as number;
        if (block.quality[slot] !== 0) present++;
      }
    }
  }
  if (stored !== expected || present !== METERS * DAY_SLOTS) {
    throw new Error(`the system's sum is ${stored} Wh of ${present} readings, ${expected} Wh were sent`);
  }
  const sumS = (performance.now() - startedAt) / 1000;
  say(
    `${LOOKED_AT} meters' days read back in ${lookMs.toFixed(1)} ms each; the system's sum is exact (${sumS.toFixed(1)} s)`,
  );
}
