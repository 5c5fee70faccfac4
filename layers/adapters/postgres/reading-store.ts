import { partsOf } from '../../domain/readings/batch-parts.ts';
import { BUCKET_BITS, DAY_MS, dayOf, slotStart } from '../../domain/readings/calendar-day.ts';
import type { DayBlock } from '../../domain/readings/day-block.ts';
import { encodeDeltaChunks } from '../../domain/readings/delta-chunk.ts';
import type { ReadingColumns, ReadingVersion } from '../../domain/readings/reading-columns.ts';
import type { MeterDay, ReadingStore, StoredInterval } from '../../domain/readings/reading-store.ts';
import { winnerAsOf } from '../../domain/readings/versions.ts';
import { arrayText, asBuffer } from './block-rows.ts';
import { compactReadings } from './compaction.ts';
import { putFreshBlocks } from './fresh-blocks.ts';
import {
  bucketsOf,
  mergeMeterDays,
  PACKED_BLOCKS,
  PACKED_DELTAS,
  PACKED_RECORDS,
  PACKED_VERSIONS,
  RECORDS_OF_A_BLOCK,
  unpackVersions,
} from './packed-rows.ts';
import type { Database, Queryable } from './pool.ts';

/** Meter readings in PostgreSQL: appended as deltas, compacted into blocks. @see docs/adr/0002-block-store.md */
export function postgresReadingStore(database: Database): ReadingStore {
  return {
    appendDeltas: (batch) => appendDeltas(database, batch),
    compact: (options) => compactReadings(database, options),
    async readMany({ meterNos, channel, fromDay, toDay }) {
      const days = Array.from({ length: Math.max(0, toDay - fromDay) }, (_, i) => fromDay + i);
      if (days.length === 0 || meterNos.length === 0) return [];
      const buckets = bucketsOf(meterNos);
      const few = meterNos.length <= buckets.length * RECORDS_OF_A_BLOCK;
      const { rows } = few
        ? await database.query(READ_RECORDS, [days, channel, buckets, meterNos])
        : await database.query(READ_BLOCKS, [days, channel, buckets]);
      return mergeMeterDays({
        blocks: packed(rows[0]?.blocks),
        deltas: packed(rows[0]?.deltas),
        wanted: { meterNos: new Set(meterNos), channel },
      }).days;
    },
    async readIntervals({ meterNo, channel, from, to, asOf }) {
      const fromDay = dayOf(from);
      const days = Array.from({ length: Math.max(0, dayOf(to - 1) - fromDay + 1) }, (_, i) => fromDay + i);
      if (days.length === 0) return [];
      const { rows } = await database.query(asOf === undefined ? READ_RECORDS : READ_VERSIONS, [
        days,
        channel,
        bucketsOf([meterNo]),
        [meterNo],
        ...(asOf === undefined ? [] : [from / 1000, to / 1000]),
      ]);
      const wanted = { meterNos: new Set([meterNo]), channel };
      const merged = mergeMeterDays({ blocks: packed(rows[0]?.blocks), deltas: packed(rows[0]?.deltas), wanted });
      const intervals =
        asOf === undefined
          ? merged.days.flatMap(intervalsOf)
          : intervalsAsOf(merged.days, [...unpackVersions(packed(rows[0]?.versions)), ...merged.superseded], asOf);
      return intervals.filter(({ start }) => start >= from && start < to).sort((a, b) => a.start - b.start);
    },
  };
}

/** Appends readings within whatever transaction the session is in. */
export async function appendDeltas(session: Queryable, batch: ReadingColumns): Promise<void> {
  if (batch.length === 0) return;
  const parts = await putFreshBlocks(session, batch, partsOf(batch));
  if (parts.length === 0) return;
  const { chunks, bodies } = encodeDeltaChunks(batch, parts);
  await session.query(APPEND, [
    arrayText(chunks.map((chunk) => chunk.bucket)),
    arrayText(chunks.map((chunk) => chunk.day)),
    arrayText(chunks.map((chunk) => chunk.readingCount)),
    arrayText(chunks.map((chunk) => chunk.parts)),
    arrayText(chunks.map((chunk) => chunk.offset + 1)),
    arrayText(chunks.map((chunk) => chunk.length)),
    asBuffer(bodies),
  ]);
}

/** Every version of the intervals of [from, to), the one that counts first, then by receipt; each once. */
export async function readVersions(
  session: Queryable,
  { meterNo, channel, from, to }: { meterNo: number; channel: number; from: number; to: number },
): Promise<ReadingVersion[]> {
  const { rows } = await session.query(READ_VERSIONS, [
    [dayOf(from)],
    channel,
    bucketsOf([meterNo]),
    [meterNo],
    from / 1000,
    to / 1000,
  ]);
  const wanted = { meterNos: new Set([meterNo]), channel };
  const { days, superseded } = mergeMeterDays({
    blocks: packed(rows[0]?.blocks),
    deltas: packed(rows[0]?.deltas),
    wanted,
  });
  const found = [...rivalsOf(days, [...unpackVersions(packed(rows[0]?.versions)), ...superseded]).values()]
    .flat()
    .filter(({ day, slot, intervalMinutes }) => {
      const start = slotStart(day, slot, intervalMinutes);
      return start >= from && start < to;
    });
  const once = new Map<string, ReadingVersion>();
  for (const version of found.sort((a, b) => a.recordedAt - b.recordedAt)) {
    const key = `${version.quality}/${version.revision}/${version.energyWh}`;
    if (!once.has(key)) once.set(key, version);
  }
  const winner = winnerAsOf(once.values())?.version;
  return [...once.values()].sort((a, b) => Number(b === winner) - Number(a === winner));
}

const APPEND = `INSERT INTO reading_delta (bucket, day, reading_count, parts, body)
  SELECT bucket, day, readings, parts, substring($7::bytea FROM start FOR length)
  FROM unnest($1::int[], $2::int[], $3::int[], $4::smallint[], $5::int[], $6::int[])
    AS chunk (bucket, day, readings, parts, start, length)`;

// One statement, one snapshot: a compaction that commits meanwhile neither hides nor doubles a reading.
const DELTAS = `(SELECT ${PACKED_DELTAS} FROM reading_delta
    WHERE bucket = ANY($3::int[]) AND day = ANY($1::int[])) AS deltas`;
const RECORDS = `(SELECT ${PACKED_RECORDS} FROM unnest($4::int[]) AS wanted (meter_no) JOIN reading_block
      ON bucket = meter_no >> ${BUCKET_BITS} AND get_bit(meters, meter_no & 255) = 1
    WHERE day = ANY($1::int[]) AND channel = $2::smallint) AS blocks`;
const READ_BLOCKS = `SELECT (SELECT ${PACKED_BLOCKS} FROM reading_block
    WHERE day = ANY($1::int[]) AND bucket = ANY($3::int[]) AND channel = $2::smallint) AS blocks, ${DELTAS}`;
const READ_RECORDS = `SELECT ${RECORDS}, ${DELTAS}`;
const READ_VERSIONS = `SELECT ${RECORDS}, ${DELTAS},
  (SELECT ${PACKED_VERSIONS} FROM reading_version
    WHERE meter_no = ANY($4::int[]) AND channel = $2::smallint
      AND interval_start >= to_timestamp($5) AND interval_start < to_timestamp($6)) AS versions`;

const packed = (column: unknown): Uint8Array => (column instanceof Uint8Array ? column : new Uint8Array(0));

function intervalsOf({ day, block }: MeterDay): StoredInterval[] {
  const intervals: StoredInterval[] = [];
  for (let slot = 0; slot < block.quality.length; slot++) {
    if (block.quality[slot] !== 0) intervals.push(intervalAt(day, block, slot));
  }
  return intervals;
}

function intervalAt(day: number, block: DayBlock, slot: number): StoredInterval {
  const start = slotStart(day, slot, block.intervalMinutes);
  return {
    start,
    end: start + block.intervalMinutes * 60_000,
    energyWh: block.energyWh[slot] as number,
    quality: block.quality[slot] as number,
    revision: block.revision[slot] as number,
    recordedAt: block.recordedAt[slot] as number,
    conflict: block.conflict[slot] === 1,
  };
}

/** A version by the start of its interval, whichever table it lay in. */
type TimedVersion = ReturnType<typeof unpackVersions>[number];

/** Versions by interval, whether they count or not. */
function rivalsOf(days: readonly MeterDay[], others: readonly TimedVersion[]): Map<string, TimedVersion[]> {
  const rivals = new Map<string, TimedVersion[]>();
  const add = (version: TimedVersion) => {
    const key = `${version.intervalMinutes}/${version.day}/${version.slot}`;
    const list = rivals.get(key);
    if (list) list.push(version);
    else rivals.set(key, [version]);
  };
  for (const version of others) add(version);
  for (const { meterNo, channel, day, block } of days) {
    for (let slot = 0; slot < block.quality.length; slot++) {
      if (block.quality[slot] === 0) continue;
      const { intervalMinutes } = block;
      const { energyWh, quality, revision, recordedAt } = intervalAt(day, block, slot);
      add({ meterNo, channel, day, slot, intervalMinutes, energyWh, quality, revision, recordedAt });
    }
  }
  return rivals;
}

function intervalsAsOf(days: readonly MeterDay[], others: readonly TimedVersion[], asOf: number): StoredInterval[] {
  return [...rivalsOf(days, others).values()].flatMap((versions) => {
    const winner = winnerAsOf(versions, asOf);
    if (!winner) return [];
    const { day, slot, intervalMinutes, energyWh, quality, revision, recordedAt } = winner.version;
    const start = day * DAY_MS + slot * intervalMinutes * 60_000;
    const end = start + intervalMinutes * 60_000;
    return [{ start, end, energyWh, quality, revision, recordedAt, conflict: winner.conflict }];
  });
}
