import fc from 'fast-check';
import { postgresReadingStore } from '../../../layers/adapters/postgres/reading-store.ts';
import { ReadingColumns, type ReadingVersion } from '../../../layers/domain/readings/reading-columns.ts';
import type { MeterDay, ReadingStore } from '../../../layers/domain/readings/reading-store.ts';
import { type TestDatabase, testDatabases } from '../../harness/databases.ts';
import { MemoryReadings } from '../../simulation/memory-readings.ts';

const DAY = 15_613;
const DAY_MS = 86_400_000;
const START = DAY * DAY_MS;

const version: fc.Arbitrary<ReadingVersion> = fc.record({
  meterNo: fc.constantFrom(700, 701, 900),
  channel: fc.integer({ min: 1, max: 2 }),
  intervalMinutes: fc.constant(30),
  day: fc.integer({ min: DAY, max: DAY + 1 }),
  slot: fc.integer({ min: 0, max: 5 }),
  energyWh: fc.integer({ min: 0, max: 3 }),
  revision: fc.integer({ min: 0, max: 1 }),
  quality: fc.integer({ min: 1, max: 3 }),
  recordedAt: fc.integer({ min: 1, max: 5 }).map((hours) => START + 2 * DAY_MS + hours * 3_600_000),
});

const inOrder = (days: readonly MeterDay[]) =>
  days
    .map(({ block, ...key }) => ({
      ...key,
      ...Object.fromEntries(Object.entries(block).map(([k, v]) => [k, typeof v === 'number' ? v : Array.from(v)])),
    }))
    .sort((a, b) => a.day - b.day || a.meterNo - b.meterNo);

/** The simulation's store answers what the real one answers, whatever was appended and compacted in whichever order. */
for (const { name, open } of testDatabases(21_970)) {
  (open ? describe : describe.skip)(`readings in memory and on ${name}`, () => {
    let opened: TestDatabase;
    beforeAll(async () => {
      opened = await (open as () => Promise<TestDatabase>)();
    }, 120_000);
    afterAll(() => opened.stop());

    test('answer alike', async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.array(version, { minLength: 1, maxLength: 40 }), { maxLength: 5 }),
          async (batches) => {
            await opened.database.query('TRUNCATE reading_delta, reading_block, reading_version');
            const stores: ReadingStore[] = [
              postgresReadingStore(opened.database),
              new MemoryReadings({ now: Date.now }),
            ];
            const answers = [];
            for (const store of stores) {
              const found: unknown[] = [];
              for (const [index, batch] of batches.entries()) {
                await store.appendDeltas(ReadingColumns.of(batch));
                if (index % 2 === 1) await store.compact({ everything: true });
                for (const asOf of [undefined, START + 2 * DAY_MS + 3 * 3_600_000]) {
                  const span = { from: START + 3_600_000, to: START + DAY_MS + 3_600_000 };
                  const query = { meterNo: 700, channel: 1, ...span, ...(asOf === undefined ? {} : { asOf }) };
                  found.push(await store.readIntervals(query));
                }
                const many = { meterNos: [700, 900], channel: 1, fromDay: DAY, toDay: DAY + 2 };
                found.push(inOrder(await store.readMany(many)));
              }
              answers.push(found);
            }
            expect(answers[1]).toEqual(answers[0]);
          },
        ),
        { numRuns: 25, seed: 11 },
      );
    }, 120_000);
  });
}
