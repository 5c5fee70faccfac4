import { binaryRows, intArray } from '../../../layers/adapters/postgres/binary-rows.ts';
import { type TestDatabase, testDatabases } from '../../harness/databases.ts';

for (const { name, open } of testDatabases(21_975)) {
  (open ? describe : describe.skip)(`rows in binary on ${name}`, () => {
    let opened: TestDatabase;
    beforeAll(async () => {
      opened = await (open as () => Promise<TestDatabase>)();
    }, 120_000);
    afterAll(() => opened.stop());

    test('every byte, NULL and the order of rows come through, none is left for the next answer', async () => {
      const { database } = opened;
      const rows = await binaryRows(
        database,
        `SELECT n, CASE WHEN n = 2 THEN NULL ELSE decode(repeat('00ff5c80', n * 20000), 'hex') END
         FROM unnest(${intArray([1, 2, 3])}) AS n`,
      );
      expect(rows.map(([number, bytes]) => [number?.readInt32BE(), bytes?.length])).toEqual([
        [1, 80_000],
        [2, undefined],
        [3, 240_000],
      ]);
      expect(rows[0]?.[1]?.subarray(-4).toString('hex')).toBe('00ff5c80');
      expect(await binaryRows(database, 'SELECT 1 WHERE false')).toEqual([]);
      expect((await database.query('SELECT 7 AS number')).rows).toEqual([{ number: 7 }]);
    });

    test('a fault is thrown and rolls its transaction back', async () => {
      const { database } = opened;
      await database.query('TRUNCATE window_known_day');
      const work = database.transaction(async (session) => {
        await session.query('INSERT INTO window_known_day VALUES (1)');
        await binaryRows(session, 'SELECT 1 / 0');
      });
      await expect(work).rejects.toThrow('division by zero');
      expect(await binaryRows(database, 'SELECT day FROM window_known_day')).toEqual([]);
      expect(() => intArray([1, Number.NaN])).toThrow(RangeError);
    });
  });
}
