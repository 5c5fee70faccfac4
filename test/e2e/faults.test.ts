import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { findNativePostgres } from '../harness/native-postgres.ts';
import { processTree, Stack } from '../harness/stack.ts';
import { Publisher } from '../torture/publisher.ts';

const ROOT = join(import.meta.dirname, '../..');
/** Below the 100 publishes a second that IoT Core admits per connection. */
const PER_SECOND = 90;
/** What the whole runtime may grow by while a store is away: the stream is on disk, so nothing needs to pile up in memory. */
const GROWTH_MB = 400;

const native = findNativePostgres();
const withNative = 'missing' in native ? test.skip : test;
const mayMount = process.platform === 'linux' && process.getuid?.() === 0;
const withMount = 'missing' in native || !mayMount ? test.skip : test;

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Resident memory of the runtime without PostgreSQL, MiB. */
const residentMb = (stack: Stack): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${stack.pid}/status`, 'utf8'))?.[1]) / 1024;

const postgresOf = (stack: Stack): number[] =>
  processTree(stack.pid).filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === 'postgres';
    } catch {
      return false;
    }
  });

/** Publishes while `fault` lasts and a little after. @returns how many were acknowledged meanwhile, and what is wrong at the end. */
async function through(stack: Stack, fault: () => Promise<void>) {
  const publisher = new Publisher(stack, { perSecond: PER_SECOND });
  const publishing = publisher.keepOn(stack.endpoints());
  await pause(2_000);
  const before = { acknowledged: publisher.acknowledged, residentMb: residentMb(stack) };
  await fault();
  const during = publisher.acknowledged - before.acknowledged;
  const grownMb = residentMb(stack) - before.residentMb;
  await pause(3_000);
  const after = publisher.acknowledged - before.acknowledged - during;
  publisher.end();
  await publishing;
  return { before: before.acknowledged, during, after, grownMb, wrong: await publisher.check(stack.endpoints()) };
}

describe('the database', () => {
  const stack = new Stack({ portBase: 9800, stateDir: '.cache/e2e-faults' });
  beforeAll(async () => {
    if (!('missing' in native)) await stack.start({ fresh: true });
  }, 150_000);
  afterAll(() => stack.stop(), 60_000);

  withNative(
    'stalls for 30 s: devices are still acknowledged, memory is bounded, nothing is lost, and it goes on by itself',
    async () => {
      const { before, during, after, grownMb, wrong } = await through(stack, async () => {
        const stalled = postgresOf(stack);
        expect(stalled.length).toBeGreaterThan(3);
        for (const pid of stalled) process.kill(pid, 'SIGSTOP');
        await pause(30_000);
        for (const pid of stalled) process.kill(pid, 'SIGCONT');
      });
      expect(before).toBeGreaterThan(50);
      expect(during).toBeGreaterThan(PER_SECOND * 20);
      expect(after).toBeGreaterThan(50);
      expect(grownMb).toBeLessThan(GROWTH_MB);
      expect(wrong).toEqual([]);
    },
    150_000,
  );

  withNative(
    'has no connection left for 15 s: the same, and the API says when to ask again',
    async () => {
      const token = await stack.token('analyst');
      const { during, after, grownMb, wrong } = await through(stack, async () => {
        const host = join(ROOT, '.cache/e2e-faults/postgres', `native-${nativeVersion()}`, 'run');
        const held: pg.Client[] = [];
        const statuses = new Map<number, string | null>();
        let refusal: unknown;
        for (const end = Date.now() + 15_000; Date.now() < end; await pause(20)) {
          const client = new pg.Client({ host, user: 'postgres', database: 'postgres' });
          client.on('error', () => {});
          const failure = await client.connect().then(
            () => held.push(client) && undefined,
            (error: Error) => error,
          );
          refusal ??= failure;
          // What the functions hold is taken from them, so that they find nothing to work with.
          if (failure)
            await held[0]?.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename ~ '^grid_'`);
          if (failure && !statuses.has(503)) {
            const { status, headers } = await fetch(`${stack.endpoints().api}/meters`, {
              headers: { authorization: `Bearer ${token}` },
            });
            statuses.set(status, headers.get('retry-after'));
          }
        }
        await Promise.all(held.map((client) => client.end()));
        // A function may be quicker to a freed slot than the test; once it is not, it says so.
        expect(statuses.get(503)).toBe('15');
        expect(String(refusal)).toMatch(/too many clients|remaining connection slots/);
        // What the functions hold is closed too, so that they find nothing to work with.
        await Promise.all(held.map((client) => client.end()));
      });
      expect(during).toBeGreaterThan(PER_SECOND * 10);
      expect(after).toBeGreaterThan(50);
      expect(grownMb).toBeLessThan(GROWTH_MB);
      expect(wrong).toEqual([]);
    },
    120_000,
  );
});

describe('the disk', () => {
  const stateDir = '.cache/e2e-full-disk';
  const folder = join(ROOT, stateDir);
  const stack = new Stack({ portBase: 9400, stateDir });
  beforeAll(async () => {
    if ('missing' in native || !mayMount) return;
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1g', 'tmpfs', folder]);
    await stack.start({ fresh: false });
  }, 150_000);
  afterAll(async () => {
    await stack.stop();
    if (mayMount) execFileSync('umount', ['-l', folder]);
  }, 60_000);

  withMount(
    'is full for 10 s: nothing is acknowledged that was not kept, and all of it goes on when there is room again',
    async () => {
      const ballast = join(folder, 'ballast');
      const { during, after, wrong } = await through(stack, async () => {
        fill(ballast);
        const full = Date.now();
        // The server's own files grow too: it may die of it, and is replaced.
        while (Date.now() - full < 10_000) {
          await pause(500);
          fill(ballast);
        }
        rmSync(ballast);
      });
      expect(statfsSync(folder).bavail).toBeGreaterThan(0);
      expect(during).toBeLessThan(PER_SECOND * 10);
      expect(after).toBeGreaterThan(20);
      expect(wrong).toEqual([]);
    },
    180_000,
  );
});

const nativeVersion = (): string => ('missing' in native ? '' : (/\d+/.exec(native.version)?.[0] ?? ''));

/** Takes the last byte of the disk. */
function fill(file: string): void {
  const chunk = Buffer.alloc(1024 * 1024, 1);
  const handle = openSync(file, 'a');
  try {
    for (let bytes = chunk.length; bytes > 0; ) {
      try {
        if (writeSync(handle, chunk, 0, bytes) < bytes) bytes = Math.floor(bytes / 2);
      } catch {
        bytes = Math.floor(bytes / 2);
      }
    }
  } finally {
    closeSync(handle);
  }
}
