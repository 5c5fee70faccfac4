import fc from 'fast-check';
import { BUCKET_BITS, bucketOf } from '../../../layers/domain/readings/calendar-day.ts';
import { DeltaChunkReader, encodeDeltaChunks } from '../../../layers/domain/readings/delta-chunk.ts';
import { ReadingColumns, type ReadingVersion } from '../../../layers/domain/readings/reading-columns.ts';

const reading: fc.Arbitrary<ReadingVersion> = fc.record({
  meterNo: fc.oneof(fc.nat(600), fc.constant(2_000_000)),
  channel: fc.integer({ min: 1, max: 4 }),
  intervalMinutes: fc.constantFrom(1, 15, 30, 60),
  day: fc.oneof(fc.integer({ min: 15_000, max: 15_003 }), fc.constant(60_000)),
  slot: fc.nat(1439),
  energyWh: fc.oneof(fc.nat(255), fc.nat(2_147_483_647)),
  revision: fc.oneof(fc.constant(0), fc.nat(2_147_483_647)),
  quality: fc.integer({ min: 1, max: 3 }),
  recordedAt: fc.oneof(fc.constant(1_350_000_000_000), fc.integer({ min: 946_684_800_000, max: 9_000_000_000_000 })),
});

test('chunks give back every reading once, in bucket and day order', () => {
  fc.assert(
    fc.property(fc.array(reading, { maxLength: 60 }), (readings) => {
      const { chunks, bodies } = encodeDeltaChunks(ReadingColumns.of(readings));
      const rows: ReadingVersion[] = [];
      const reader = new DeltaChunkReader();
      for (const chunk of chunks) {
        const body = bodies.subarray(chunk.offset, chunk.offset + chunk.length);
        reader.read(body, chunk, ({ bucket, ...key }, { from, to, ...shared }) => {
          for (let i = from; i < to; i++) {
            const meterNo = (bucket << BUCKET_BITS) + (reader.meter[i] as number);
            rows.push({
              ...key,
              ...shared,
              meterNo,
              slot: Number(reader.slot[i]),
              energyWh: Number(reader.energyWh[i]),
            });
          }
        });
      }
      const inOrder = readings
        .map((version, at) => ({ version, at }))
        .sort(
          (a, b) =>
            bucketOf(a.version.meterNo) - bucketOf(b.version.meterNo) || a.version.day - b.version.day || a.at - b.at,
        )
        .map(({ version }) => version);
      expect(rows).toEqual(inOrder);
      expect(chunks.reduce((sum, chunk) => sum + chunk.readingCount, 0)).toBe(readings.length);
    }),
    { numRuns: 300 },
  );
});

test('an interval of a million meters takes few bytes per reading', () => {
  const batch = new ReadingColumns();
  for (let meterNo = 0; meterNo < 10_240; meterNo++)
    batch.push({
      meterNo,
      channel: 1,
      intervalMinutes: 30,
      day: 15_600,
      slot: 7,
      energyWh: (meterNo * 7919) % 3000,
      revision: 0,
      quality: 2,
      recordedAt: 1_350_000_000_000,
    });
  const { chunks, bodies } = encodeDeltaChunks(batch);
  expect(chunks).toHaveLength(40);
  expect(bodies.length / batch.length).toBeLessThan(4);
});
