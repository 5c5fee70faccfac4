import fc from 'fast-check';
import {
  type DayBlock,
  decodeBlock,
  emptyBlock,
  encodeBlock,
  mergeReading,
} from '../../../layers/domain/readings/day-block.ts';
import { ReadingColumns, type ReadingVersion } from '../../../layers/domain/readings/reading-columns.ts';
import { winnerAsOf } from '../../../layers/domain/readings/versions.ts';

const INTERVAL_MINUTES = 30;
const home = { meterNo: 300, channel: 1, intervalMinutes: INTERVAL_MINUTES, day: 15_600 };

/** Few distinct numbers, so that duplicates, conflicts and late revisions are common. */
const version: fc.Arbitrary<ReadingVersion> = fc.record({
  meterNo: fc.constant(home.meterNo),
  channel: fc.constant(home.channel),
  intervalMinutes: fc.constant(INTERVAL_MINUTES),
  day: fc.constant(home.day),
  slot: fc.nat(3),
  energyWh: fc.oneof(fc.nat(2), fc.constant(70_000), fc.constant(2_147_483_647)),
  revision: fc.nat(2),
  quality: fc.integer({ min: 1, max: 3 }),
  recordedAt: fc.integer({ min: 1_000, max: 1_004 }).map((second) => second * 1000),
});
const versions = fc.array(version, { maxLength: 40 });

interface State {
  bytes: Uint8Array;
  block: DayBlock;
  log: ReadonlyMap<string, ReadingVersion>;
}

const contentKey = (v: ReadingVersion) => `${v.slot}/${v.quality}/${v.revision}/${v.energyWh}`;

/** Merges batches one after the other through the stored bytes, as compactions do, and keeps the log as the table does. */
function store(batches: readonly (readonly ReadingVersion[])[]): State {
  let bytes = encodeBlock(emptyBlock(INTERVAL_MINUTES)).slice();
  const log = new Map<string, ReadingVersion>();
  for (const batch of batches) {
    const block = decodeBlock(bytes, INTERVAL_MINUTES);
    const superseded = new ReadingColumns(1);
    const readings = ReadingColumns.of(batch);
    for (let row = 0; row < readings.length; row++) mergeReading(block, readings, row, superseded);
    bytes = encodeBlock(block).slice();
    for (let row = 0; row < superseded.length; row++) {
      const lost = superseded.at(row);
      const kept = log.get(contentKey(lost));
      if (!kept || lost.recordedAt < kept.recordedAt) log.set(contentKey(lost), lost);
    }
  }
  return { bytes, block: decodeBlock(bytes, INTERVAL_MINUTES), log };
}

const logOf = (state: State) => [...state.log.entries()].sort(([a], [b]) => (a < b ? -1 : 1));

/** Every distinct content with its earliest receipt, straight from the definition. */
function distinct(all: readonly ReadingVersion[]): ReadingVersion[] {
  const earliest = new Map<string, ReadingVersion>();
  for (const v of all) {
    const kept = earliest.get(contentKey(v));
    if (!kept || v.recordedAt < kept.recordedAt) earliest.set(contentKey(v), v);
  }
  return [...earliest.values()];
}

/** Cuts a list into batches at the given places. */
const split = <Item>(items: readonly Item[], cuts: readonly number[]): Item[][] => {
  const places = [0, ...cuts.map((cut) => cut % (items.length + 1)).sort((a, b) => a - b), items.length];
  return places.slice(1).map((end, i) => items.slice(places[i], end));
};

describe('merging a block', () => {
  test('any order, repetition and split gives the same bytes and the same versions', () => {
    const scenario = versions.chain((all) =>
      fc.record({
        all: fc.constant(all),
        shuffled: fc
          .tuple(fc.shuffledSubarray(all, { minLength: all.length }), fc.subarray(all))
          .map(([whole, again]) => [...again, ...whole, ...again]),
        cuts: fc.array(fc.nat(80), { maxLength: 5 }),
      }),
    );
    fc.assert(
      fc.property(scenario, ({ all, shuffled, cuts }) => {
        const once = store([all]);
        const often = store(split(shuffled, cuts));
        expect(Buffer.from(often.bytes).equals(Buffer.from(once.bytes))).toBe(true);
        expect(logOf(often)).toEqual(logOf(once));
      }),
      { numRuns: 500 },
    );
  });

  test('nothing is lost: block and versions together are the distinct contents, each with its earliest receipt', () => {
    fc.assert(
      fc.property(versions, fc.array(fc.nat(80), { maxLength: 4 }), (all, cuts) => {
        const { block, log } = store(split(all, cuts));
        const winners = [...block.quality.keys()]
          .filter((slot) => block.quality[slot] !== 0)
          .map((slot) => ({
            ...home,
            slot,
            energyWh: block.energyWh[slot] as number,
            revision: block.revision[slot] as number,
            quality: block.quality[slot] as number,
            recordedAt: block.recordedAt[slot] as number,
          }));
        const byKey = (a: ReadingVersion, b: ReadingVersion) => (contentKey(a) < contentKey(b) ? -1 : 1);
        expect([...winners, ...log.values()].sort(byKey)).toEqual(distinct(all).sort(byKey));
      }),
    );
  });

  test('the winner and its conflict are those of the definition', () => {
    fc.assert(
      fc.property(versions, (all) => {
        const { block } = store([all]);
        for (let slot = 0; slot < 4; slot++) {
          const rivals = distinct(all.filter((v) => v.slot === slot));
          const best = [...rivals].sort(
            (a, b) => b.quality - a.quality || b.revision - a.revision || b.energyWh - a.energyWh,
          )[0];
          expect(block.quality[slot]).toBe(best?.quality ?? 0);
          if (!best) continue;
          expect([block.revision[slot], block.energyWh[slot]]).toEqual([best.revision, best.energyWh]);
          const peers = rivals.filter((v) => v.quality === best.quality && v.revision === best.revision);
          expect(block.conflict[slot]).toBe(peers.length > 1 ? 1 : 0);
        }
      }),
    );
  });

  test('asOf sees what had been received, whatever came later', () => {
    fc.assert(
      fc.property(versions, fc.integer({ min: 999, max: 1_005 }), (all, second) => {
        const asOf = second * 1000;
        const { block, log } = store([all]);
        const before = store([all.filter((v) => v.recordedAt <= asOf)]).block;
        for (let slot = 0; slot < 4; slot++) {
          const known = [...log.values()].filter((v) => v.slot === slot);
          if (block.quality[slot] !== 0)
            known.push({
              ...home,
              slot,
              energyWh: block.energyWh[slot] as number,
              revision: block.revision[slot] as number,
              quality: block.quality[slot] as number,
              recordedAt: block.recordedAt[slot] as number,
            });
          const seen = winnerAsOf(known, asOf);
          expect(seen?.version.quality ?? 0).toBe(before.quality[slot]);
          if (!seen) continue;
          expect(seen.version.energyWh).toBe(before.energyWh[slot]);
          expect(seen.version.recordedAt).toBe(before.recordedAt[slot]);
          expect(seen.conflict).toBe(before.conflict[slot] === 1);
        }
      }),
    );
  });

  test('a body of another format is refused', () => {
    const bytes = encodeBlock(emptyBlock(INTERVAL_MINUTES)).slice();
    bytes[0] = 9;
    expect(() => decodeBlock(bytes, INTERVAL_MINUTES)).toThrow(RangeError);
  });
});
