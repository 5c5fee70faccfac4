import fc from 'fast-check';
import { INTERVAL_MINUTES as INTERVAL_MINUTES_ALLOWED } from '../../../layers/contracts/messages/limits.ts';
import { BucketBlock } from '../../../layers/domain/readings/bucket-block.ts';
import { PARTS_PER_DAY, partsBetween, slotsOfPart, slotsPerDay } from '../../../layers/domain/readings/calendar-day.ts';
import type { DayBlock } from '../../../layers/domain/readings/day-block.ts';
import { DeltaChunkReader, encodeDeltaChunks } from '../../../layers/domain/readings/delta-chunk.ts';
import { ColumnReader, ColumnWriter } from '../../../layers/domain/readings/packed-column.ts';
import { ReadingColumns, type ReadingVersion } from '../../../layers/domain/readings/reading-columns.ts';
import { winnerAsOf } from '../../../layers/domain/readings/versions.ts';

const INTERVAL_MINUTES = 30;
const home = { channel: 1, intervalMinutes: INTERVAL_MINUTES, day: 15_600 };
/** Both of one bucket. */
const METERS = [300, 257];
const KEY = { ...home, bucket: 1 };

/** On both sides of the edge between two parts of the day. */
const SLOTS = [0, 1, 7, 8];

/** Few distinct numbers, so that duplicates, conflicts and late revisions are common. */
const version: fc.Arbitrary<ReadingVersion> = fc.record({
  meterNo: fc.constantFrom(...METERS),
  channel: fc.constant(home.channel),
  intervalMinutes: fc.constant(INTERVAL_MINUTES),
  day: fc.constant(home.day),
  slot: fc.constantFrom(...SLOTS),
  energyWh: fc.oneof(fc.nat(2), fc.constant(70_000), fc.constant(2_147_483_647)),
  revision: fc.nat(2),
  quality: fc.integer({ min: 1, max: 3 }),
  recordedAt: fc.integer({ min: 1_000, max: 1_004 }).map((second) => second * 1000),
});
const versions = fc.array(version, { maxLength: 40 });

interface State {
  bytes: Uint8Array;
  days: ReadonlyMap<number, DayBlock>;
  log: ReadonlyMap<string, ReadingVersion>;
}

const contentKey = (v: ReadingVersion) => `${v.meterNo}/${v.slot}/${v.quality}/${v.revision}/${v.energyWh}`;
const SET_BYTES = 32;

/** Parts of the day one after the other: length, set of meters and body, as rows hold the last two. */
function packed(block: BucketBlock): Uint8Array {
  const writer = new ColumnWriter();
  for (let part = 0; part < PARTS_PER_DAY; part++) {
    const row = new ColumnWriter();
    const set = block.meterSet(part);
    row.bytes(set);
    const { headBytes, recordBytes, body } = block.encode(row, part);
    const meters = set.reduce((sum, octet) => sum + octet.toString(2).replaceAll('0', '').length, 0);
    expect(body.length).toBe(headBytes + recordBytes * meters);
    writer.uint32(row.position);
    writer.bytes(row.written());
  }
  return writer.written().slice();
}

function unpacked(bytes: Uint8Array): BucketBlock {
  const block = new BucketBlock(KEY);
  const reader = new ColumnReader(bytes);
  for (let part = 0; part < PARTS_PER_DAY; part++) {
    const row = reader.bytes(reader.uint32());
    block.decode(row.subarray(0, SET_BYTES), row.subarray(SET_BYTES), slotsOfPart(part, block.slots));
  }
  return block;
}

/** Merges batches one after the other through the stored bytes, as compactions do, and keeps the log as the table does. */
function store(batches: readonly (readonly ReadingVersion[])[]): State {
  let bytes = packed(new BucketBlock(KEY));
  const log = new Map<string, ReadingVersion>();
  const reader = new DeltaChunkReader();
  for (const batch of batches) {
    const block = unpacked(bytes);
    const superseded = new ReadingColumns(1);
    const { chunks, bodies } = encodeDeltaChunks(ReadingColumns.of(batch));
    for (const chunk of chunks) {
      const body = bodies.subarray(chunk.offset, chunk.offset + chunk.length);
      reader.read(body, chunk, (key, section) => {
        expect(key).toEqual(KEY);
        block.merge(reader, section, superseded);
      });
    }
    bytes = packed(block);
    for (let row = 0; row < superseded.length; row++) {
      const lost = superseded.at(row);
      const kept = log.get(contentKey(lost));
      if (!kept || lost.recordedAt < kept.recordedAt) log.set(contentKey(lost), lost);
    }
  }
  return { bytes, days: new Map([...unpacked(bytes).days()].map(({ meterNo, block }) => [meterNo, block])), log };
}

/** What stands in a slot, as the version it is; undefined: nothing. */
function winner(block: DayBlock | undefined, meterNo: number, slot: number): ReadingVersion | undefined {
  if (!block || block.quality[slot] === 0) return undefined;
  return {
    ...home,
    meterNo,
    slot,
    energyWh: block.energyWh[slot] as number,
    revision: block.revision[slot] as number,
    quality: block.quality[slot] as number,
    recordedAt: block.recordedAt[slot] as number,
  };
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
        const { days, log } = store(split(all, cuts));
        const winners = [...days].flatMap(([meterNo, block]) =>
          [...block.quality.keys()].flatMap((slot) => winner(block, meterNo, slot) ?? []),
        );
        const byKey = (a: ReadingVersion, b: ReadingVersion) => (contentKey(a) < contentKey(b) ? -1 : 1);
        expect([...winners, ...log.values()].sort(byKey)).toEqual(distinct(all).sort(byKey));
      }),
    );
  });

  test('the winner and its conflict are those of the definition', () => {
    fc.assert(
      fc.property(versions, fc.constantFrom(...METERS), (all, meterNo) => {
        const block = store([all]).days.get(meterNo);
        for (const slot of SLOTS) {
          const rivals = distinct(all.filter((v) => v.meterNo === meterNo && v.slot === slot));
          const best = [...rivals].sort(
            (a, b) => b.quality - a.quality || b.revision - a.revision || b.energyWh - a.energyWh,
          )[0];
          expect(block?.quality[slot] ?? 0).toBe(best?.quality ?? 0);
          if (!best) continue;
          expect([block?.revision[slot], block?.energyWh[slot]]).toEqual([best.revision, best.energyWh]);
          const peers = rivals.filter((v) => v.quality === best.quality && v.revision === best.revision);
          expect(block?.conflict[slot]).toBe(peers.length > 1 ? 1 : 0);
        }
      }),
    );
  });

  test('asOf sees what had been received, whatever came later', () => {
    fc.assert(
      fc.property(versions, fc.integer({ min: 999, max: 1_005 }), (all, second) => {
        const asOf = second * 1000;
        const { days, log } = store([all]);
        const before = store([all.filter((v) => v.recordedAt <= asOf)]).days;
        for (const meterNo of METERS) {
          for (const slot of SLOTS) {
            const known = [...log.values()].filter((v) => v.meterNo === meterNo && v.slot === slot);
            const current = winner(days.get(meterNo), meterNo, slot);
            const seen = winnerAsOf(current ? [...known, current] : known, asOf);
            expect(seen?.version).toEqual(winner(before.get(meterNo), meterNo, slot));
            if (seen) expect(seen.conflict).toBe(before.get(meterNo)?.conflict[slot] === 1);
          }
        }
      }),
    );
  });

  test('one block used again for other keys leaves no trace', () => {
    const other = { ...KEY, intervalMinutes: 1 };
    fc.assert(
      fc.property(versions, versions, (first, second) => {
        const block = new BucketBlock(other);
        const reader = new DeltaChunkReader();
        const merge = (batch: readonly ReadingVersion[]) => {
          block.reset(batch === first ? other : KEY);
          const { chunks, bodies } = encodeDeltaChunks(ReadingColumns.of(batch));
          for (const chunk of chunks) {
            reader.read(bodies.subarray(chunk.offset, chunk.offset + chunk.length), chunk, (_, section) =>
              block.merge(reader, section, new ReadingColumns(1)),
            );
          }
        };
        merge(first);
        merge(second);
        expect(Buffer.compare(packed(block), store([second]).bytes)).toBe(0);
      }),
    );
  });

  test('a body of another format or a short one is refused', () => {
    const { bytes } = store([
      [{ ...home, meterNo: 300, slot: 0, energyWh: 1, revision: 0, quality: 2, recordedAt: 1 }],
    ]);
    expect(() => unpacked(bytes.slice(0, -1))).toThrow(RangeError);
    bytes[4 + SET_BYTES] = 9;
    expect(() => unpacked(bytes)).toThrow(RangeError);
  });
});

test('the parts of a day are its four-hour spans, and every interval length divides them', () => {
  expect(INTERVAL_MINUTES_ALLOWED.length).toBeGreaterThan(5);
  for (const minutes of INTERVAL_MINUTES_ALLOWED) {
    const slots = slotsPerDay(minutes);
    const spans = Array.from({ length: PARTS_PER_DAY }, (_, part) => slotsOfPart(part, slots));
    expect(spans.map(({ from }) => from * minutes)).toEqual([0, 240, 480, 720, 960, 1200]);
    expect(spans.map(({ to }) => to * minutes)).toEqual([240, 480, 720, 960, 1200, 1440]);
    for (const [part, { from, to }] of spans.entries()) {
      expect(partsBetween(from, to - 1, slots)).toBe(1 << part);
      expect(partsBetween(0, from, slots)).toBe((1 << (part + 1)) - 1);
    }
  }
});
