import { postgresReadingStore } from '../../../layers/adapters/postgres/reading-store.ts';
import { ReadingColumns, type ReadingVersion } from '../../../layers/domain/readings/reading-columns.ts';
import type { ReadingStore } from '../../../layers/domain/readings/reading-store.ts';
import { type TestDatabase, testDatabases } from '../../harness/databases.ts';

const DAY = 15_613;
const DAY_MS = 86_400_000;
const START = DAY * DAY_MS;
const reading = (over: Partial<ReadingVersion> = {}): ReadingVersion => ({
  meterNo: 700,
  channel: 1,
  intervalMinutes: 30,
  day: DAY,
  slot: 0,
  energyWh: 112,
  revision: 0,
  quality: 2,
  recordedAt: START + DAY_MS,
  ...over,
});
const wholeDay = (meterNo: number, day = DAY) =>
  Array.from({ length: 48 }, (_, slot) => reading({ meterNo, day, slot, energyWh: meterNo + slot }));

/** Deterministic order for a seed. */
function shuffled<Item>(items: readonly Item[], seed: number): Item[] {
  let state = seed;
  const next = () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return state;
  };
  return items
    .map((item) => ({ item, rank: next() }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ item }) => item);
}

for (const { name, open } of testDatabases(21_010)) {
  (open ? describe : describe.skip)(`reading store on ${name}`, () => {
    let opened: TestDatabase;
    let store: ReadingStore;

    beforeAll(async () => {
      opened = await (open as () => Promise<TestDatabase>)();
      store = postgresReadingStore(opened.database);
    }, 120_000);
    afterAll(() => opened.stop());
    beforeEach(async () => {
      await opened.database.query('TRUNCATE reading_delta, reading_block, reading_version');
    });

    const append = (readings: readonly ReadingVersion[]) => store.appendDeltas(ReadingColumns.of(readings));
    const read = (over: Partial<Parameters<ReadingStore['readIntervals']>[0]> = {}) =>
      store.readIntervals({ meterNo: 700, channel: 1, from: START, to: START + DAY_MS, ...over });
    const state = async () => {
      const { rows: blocks } = await opened.database.query(
        `SELECT day, bucket, channel, interval_minutes, part, head_bytes, record_bytes, encode(meters, 'hex') AS meters,
          encode(body, 'hex') AS body FROM reading_block ORDER BY 1, 2, 3, 4, 5`,
      );
      const { rows: versions } = await opened.database.query(
        'SELECT * FROM reading_version ORDER BY meter_no, channel, interval_start, quality, revision, energy_wh',
      );
      return { blocks, versions };
    };

    test('a reading is read the moment it is appended, and the same after compaction', async () => {
      await append([reading(), reading({ slot: 47, energyWh: 2_147_483_647, revision: 3, quality: 3 })]);
      const fresh = await read();
      expect(fresh).toEqual([
        {
          start: START,
          end: START + 1_800_000,
          energyWh: 112,
          quality: 2,
          revision: 0,
          recordedAt: START + DAY_MS,
          conflict: false,
        },
        expect.objectContaining({ start: START + 47 * 1_800_000, energyWh: 2_147_483_647, revision: 3, quality: 3 }),
      ]);
      expect(await store.compact({ everything: true })).toMatchObject({ bucketDays: 1, readings: 2, more: false });
      expect(await read()).toEqual(fresh);
      const { rows } = await opened.database.query('SELECT count(*)::int AS left FROM reading_delta');
      expect(rows[0]?.left).toBe(0);
    });

    test('from and to are half-open and cross days', async () => {
      await append([...wholeDay(700, DAY), ...wholeDay(700, DAY + 1)]);
      const across = await read({ from: START + 47 * 1_800_000, to: START + DAY_MS + 1_800_000 });
      expect(across.map(({ start }) => start)).toEqual([START + 47 * 1_800_000, START + DAY_MS]);
      expect(await read({ from: START, to: START })).toEqual([]);
      expect(await read({ channel: 2 })).toEqual([]);
    });

    test('a young and small bucket-day waits', async () => {
      await append([reading()]);
      expect(await store.compact()).toMatchObject({ bucketDays: 0 });
      await opened.database.query(`UPDATE reading_delta SET stored_at = now() - interval '7 hours'`);
      expect(await store.compact()).toMatchObject({ bucketDays: 1 });
    });

    /** A whole day of the bucket that begins at 512: what becomes a block at once. */
    const wholeBucket = (over: Partial<ReadingVersion> = {}) =>
      Array.from({ length: 256 }, (_, meter) => wholeDay(512 + meter))
        .flat()
        .map((each) => ({ ...each, ...over }));
    const deltas = async () =>
      (await opened.database.query('SELECT bucket, day FROM reading_delta ORDER BY 1, 2')).rows.map(
        ({ bucket }) => bucket,
      );
    const marks = async () =>
      Number(
        (await opened.database.query('SELECT count(*) AS marks FROM window_mark WHERE day = $1', [DAY])).rows[0]?.marks,
      );

    test('the whole day of a bucket is a block at once, the one that compaction makes', async () => {
      await append(wholeBucket().slice(0, 6000));
      await append(wholeBucket().slice(6000));
      expect(await deltas()).toEqual([2, 2]);
      await store.compact({ everything: true });
      const compacted = await state();
      await opened.database.query('TRUNCATE reading_delta, reading_block, reading_version');
      const before = await marks();
      await append([...wholeBucket(), reading({ meterNo: 3 })]);
      expect(await deltas()).toEqual([0]);
      expect(await marks()).toBe(before + 2);
      expect((await read({ meterNo: 700 })).map(({ energyWh }) => energyWh)).toEqual(
        wholeDay(700).map(({ energyWh }) => energyWh),
      );
      await opened.database.query('DELETE FROM reading_delta');
      expect(await state()).toEqual(compacted);
    });

    test('a whole day that came before leaves nothing, one that differs waits for compaction', async () => {
      await append(wholeBucket());
      const [stored, before] = [await state(), await marks()];
      await append(wholeBucket());
      expect([await deltas(), await marks(), await state()]).toEqual([[], before, stored]);
      await append(wholeBucket({ revision: 1, energyWh: 9 }));
      expect(await deltas()).toEqual([2]);
      expect((await read())[5]).toMatchObject({ energyWh: 9, revision: 1 });
      expect((await read({ asOf: START + DAY_MS }))[5]).toMatchObject({ energyWh: 9 });
      await store.compact({ everything: true });
      expect((await state()).versions).toHaveLength(256 * 48);
    });

    test('two versions of an interval in one whole day: both are kept', async () => {
      await append([...wholeBucket(), reading({ slot: 3, energyWh: 1 })]);
      expect(await deltas()).toEqual([2]);
      await store.compact({ everything: true });
      expect((await state()).versions).toHaveLength(1);
      expect((await read())[3]).toMatchObject({ energyWh: 703, conflict: true });
    });

    test('a whole day waits as a delta while a compaction holds its bucket', async () => {
      if (opened.sessions === 1) return;
      await opened.database.transaction(async (session) => {
        await session.query('SELECT pg_advisory_xact_lock(2, $1)', [DAY]);
        await append(wholeBucket());
      });
      expect(await deltas()).toEqual([2]);
      expect(await read()).toHaveLength(48);
    });

    test('many meters: block and delta together, others left out', async () => {
      await append([...wholeDay(700), ...wholeDay(701)]);
      await store.compact({ everything: true });
      await append([...wholeDay(900), reading({ meterNo: 701, slot: 3, revision: 1, energyWh: 5 }), ...wholeDay(702)]);
      const days = await store.readMany({ meterNos: [700, 701, 900], channel: 1, fromDay: DAY, toDay: DAY + 1 });
      expect(days.map(({ meterNo }) => meterNo).sort()).toEqual([700, 701, 900]);
      expect(days.find(({ meterNo }) => meterNo === 701)?.block.energyWh[3]).toBe(5);
      expect(days.find(({ meterNo }) => meterNo === 900)?.block.energyWh[47]).toBe(947);
    });

    test('few meters are read by their records, many by whole blocks: the same days', async () => {
      const meters = Array.from({ length: 40 }, (_, i) => 512 + i * 6);
      await append(meters.flatMap((meterNo, i) => wholeDay(meterNo).slice(0, 48 - i)));
      await store.compact({ everything: true });
      const query = { channel: 1, fromDay: DAY, toDay: DAY + 1 };
      const whole = await store.readMany({ ...query, meterNos: meters });
      const apart = await Promise.all(meters.map((meterNo) => store.readMany({ ...query, meterNos: [meterNo] })));
      expect(whole).toHaveLength(meters.length);
      expect(apart.flat()).toEqual(whole);
      expect(await store.readMany({ ...query, meterNos: [513] })).toEqual([]);
    });

    test('asOf answers what had been received', async () => {
      const later = (hours: number) => START + DAY_MS + hours * 3_600_000;
      await append([reading({ energyWh: 1, recordedAt: later(0) })]);
      await append([reading({ energyWh: 2, revision: 1, recordedAt: later(2) })]);
      await store.compact({ everything: true });
      await append([reading({ energyWh: 3, quality: 3, recordedAt: later(4) })]);
      const at = async (asOf?: number) =>
        (await read({ ...(asOf === undefined ? {} : { asOf }) })).map((i) => i.energyWh);
      expect(await at(later(0) - 1)).toEqual([]);
      expect(await at(later(1))).toEqual([1]);
      expect(await at(later(3))).toEqual([2]);
      expect(await at(later(4))).toEqual([3]);
      expect(await at()).toEqual([3]);
    });

    test('any order, repetition and split, compacted at any time, gives the same rows', async () => {
      const all = [
        ...wholeDay(700),
        ...wholeDay(701),
        ...wholeDay(980),
        ...wholeDay(700, DAY + 1),
        reading({ slot: 1, energyWh: 9_000, recordedAt: START + 2 * DAY_MS }),
        reading({ slot: 2, energyWh: 1, revision: 1 }),
        reading({ slot: 2, energyWh: 2, revision: 1, quality: 1 }),
        reading({ slot: 3, energyWh: 4, quality: 3, recordedAt: START + 3 * DAY_MS }),
        reading({ slot: 3, energyWh: 4, quality: 3, recordedAt: START + 2 * DAY_MS }),
      ];
      await append(all);
      await store.compact({ everything: true });
      const expected = await state();
      expect(expected.blocks).toHaveLength(3 * 6);
      expect(expected.versions).toHaveLength(4);
      for (const seed of [1, 2, 3]) {
        await opened.database.query('TRUNCATE reading_delta, reading_block, reading_version');
        const again = shuffled([...all, ...all.slice(10, 60)], seed);
        for (let at = 0; at < again.length; at += 40) {
          await append(again.slice(at, at + 40));
          if (at % 80 === 0) await store.compact({ everything: true });
        }
        await store.compact({ everything: true });
        expect(await state()).toEqual(expected);
      }
    });

    test('eight writers and compactors at once lose and double nothing', async () => {
      const meters = Array.from({ length: 40 }, (_, i) => 700 + i * 17);
      const batches = meters.flatMap((meterNo) => [wholeDay(meterNo).slice(0, 30), wholeDay(meterNo).slice(20)]);
      await Promise.all(
        Array.from({ length: 8 }, async (_, worker) => {
          for (let at = worker; at < batches.length; at += 8) {
            await append(batches[at] as ReadingVersion[]);
            await store.compact({ everything: true });
          }
        }),
      );
      await store.compact({ everything: true });
      const days = await store.readMany({ meterNos: meters, channel: 1, fromDay: DAY, toDay: DAY + 1 });
      expect(days).toHaveLength(meters.length);
      for (const { meterNo, block } of days) {
        expect([...block.energyWh]).toEqual(wholeDay(meterNo).map(({ energyWh }) => energyWh));
      }
      const { versions } = await state();
      expect(versions).toEqual([]);
    });
  });
}
