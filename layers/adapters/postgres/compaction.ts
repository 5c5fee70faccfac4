import { WORTH_READINGS } from '../../domain/readings/batch-parts.ts';
import { type BucketBlock, METER_SET_BYTES } from '../../domain/readings/bucket-block.ts';
import { PARTS_PER_DAY, slotStart } from '../../domain/readings/calendar-day.ts';
import { DeltaChunkReader } from '../../domain/readings/delta-chunk.ts';
import { ColumnWriter } from '../../domain/readings/packed-column.ts';
import { ReadingColumns } from '../../domain/readings/reading-columns.ts';
import type { CompactionReport } from '../../domain/readings/reading-store.ts';
import { type BinaryRow, binaryRows, intArray } from './binary-rows.ts';
import { BLOCK_COLUMNS, BLOCK_ROWS, type BlockRow, blockParameters, packBlock } from './block-rows.ts';
import { OpenBlocks, type StoredBlock } from './packed-rows.ts';
import type { Database, Queryable } from './pool.ts';

/**
 * A bucket-day waits until so much has gathered that rewriting its blocks pays: `WORTH_READINGS`, or many small rows, or six
 * hours. What waits is read with every query, so it must stay small. [proposed]
 */
const WORTH_ROWS = 512;
const WAIT_HOURS = 6;
/** Bucket-days merged in one transaction, so that its statements are shared and its memory stays small (about 10 MB). */
const BUCKET_DAYS_PER_TRANSACTION = 16;
/** Bucket-days of one call; the report says whether more wait. */
const BUCKET_DAYS_PER_PASS = 256;

/** Merges what is due, some bucket-days per transaction; a bucket-day that another run holds is left to it. */
export async function compactReadings(
  database: Database,
  { everything = false, budgetMs = Number.POSITIVE_INFINITY }: { everything?: boolean; budgetMs?: number } = {},
): Promise<CompactionReport> {
  const startedAt = performance.now();
  const report: CompactionReport = { bucketDays: 0, readings: 0, versions: 0, more: false };
  const { rows } = await database.query(DUE, [
    everything ? 0 : WORTH_READINGS,
    WORTH_ROWS,
    WAIT_HOURS,
    BUCKET_DAYS_PER_PASS + 1,
  ]);
  const due = rows.slice(0, BUCKET_DAYS_PER_PASS);
  report.more = due.length < rows.length;
  for (let at = 0; at < due.length; at += BUCKET_DAYS_PER_TRANSACTION) {
    if (performance.now() - startedAt > budgetMs) {
      report.more = true;
      break;
    }
    const group = due.slice(at, at + BUCKET_DAYS_PER_TRANSACTION);
    const moved = await database.transaction((session) => compactTogether(session, group));
    report.bucketDays += moved.bucketDays;
    report.readings += moved.readings;
    report.versions += moved.versions;
  }
  return report;
}

const DUE = `SELECT bucket, day FROM reading_delta GROUP BY bucket, day
  HAVING sum(reading_count) >= $1::int OR count(*) >= $2::int OR min(stored_at) < now() - make_interval(hours => $3::int)
  ORDER BY bucket, day LIMIT $4::int`;

// Never waits for a lock: two runs pass each other by. The rows that follow are read after the locks are held.
const LOCK = `SELECT bucket, day FROM unnest($1::int[], $2::int[]) AS due (bucket, day)
  WHERE pg_try_advisory_xact_lock(bucket, day)`;

// Of the blocks those parts of the day that the deltas may change.
const take = (mine: readonly BucketDay[]): string => `WITH mine AS (SELECT * FROM unnest(
    ${intArray(mine.map(({ bucket }) => bucket))}, ${intArray(mine.map(({ day }) => day))}) AS mine (bucket, day)),
  taken AS (DELETE FROM reading_delta AS delta USING mine
    WHERE delta.bucket = mine.bucket AND delta.day = mine.day RETURNING delta.bucket, delta.day, delta.parts, delta.body),
  touched AS (SELECT bucket, day, bit_or(parts) AS parts FROM taken GROUP BY bucket, day)
  SELECT bucket, day, parts::int, NULL::int, NULL::int, NULL::bytea, body FROM taken
  UNION ALL SELECT bucket, day, part::int, channel::int, interval_minutes::int, meters, body
    FROM touched JOIN reading_block USING (day, bucket) WHERE (touched.parts >> part) & 1 = 1`;

const PUT_BLOCKS = `INSERT INTO reading_block (${BLOCK_COLUMNS}) ${BLOCK_ROWS}
  ON CONFLICT (day, bucket, channel, interval_minutes, part) DO UPDATE SET
    meters = excluded.meters, head_bytes = excluded.head_bytes, record_bytes = excluded.record_bytes, body = excluded.body`;

const PUT_VERSIONS = `INSERT INTO reading_version
    (meter_no, channel, interval_minutes, interval_start, quality, revision, energy_wh, recorded_at)
  SELECT meter_no, channel, interval_minutes, to_timestamp(start / 1000), quality, revision, energy_wh,
    to_timestamp(min(recorded_at) / 1000)
  FROM unnest($1::int[], $2::smallint[], $3::smallint[], $4::float8[], $5::smallint[], $6::int[], $7::int[], $8::float8[])
    AS version (meter_no, channel, interval_minutes, start, quality, revision, energy_wh, recorded_at)
  GROUP BY 1, 2, 3, 4, 5, 6, 7
  ON CONFLICT (meter_no, channel, interval_minutes, interval_start, quality, revision, energy_wh)
  DO UPDATE SET recorded_at = excluded.recorded_at WHERE excluded.recorded_at < reading_version.recorded_at`;

interface BucketDay {
  bucket: number;
  day: number;
}

/** What is stored of one bucket's day. */
interface BucketDayRows extends BucketDay {
  /** A bit for each part of the day that the deltas may change. */
  touched: number;
  deltas: Uint8Array[];
  blocks: StoredBlock[];
}

async function compactTogether(session: Queryable, due: readonly Record<string, unknown>[]) {
  const { rows } = await session.query(LOCK, [due.map(({ bucket }) => bucket), due.map(({ day }) => day)]);
  const mine = rows.map(({ bucket, day }) => ({ bucket: Number(bucket), day: Number(day) }));
  const parts = mine.length === 0 ? [] : byBucketDay(await binaryRows(session, take(mine)));
  if (!parts.some(({ deltas }) => deltas.length > 0)) return { bucketDays: 0, readings: 0, versions: 0 };
  const desk = spareDesk ?? { writer: new ColumnWriter(65_536), reader: new DeltaChunkReader(), blocks: [] };
  spareDesk = undefined;
  const merged = mergeBucketDays(desk, parts);
  if (merged.rows.length > 0) {
    await session.query(PUT_BLOCKS, blockParameters(merged.rows, desk.writer));
  }
  spareDesk = desk;
  await putVersions(session, merged.superseded);
  return { bucketDays: mine.length, readings: merged.readings, versions: merged.superseded.length };
}

/** A bucket-day has a block for each channel and interval length. */
const SPARE_BLOCKS = 4;

/** What a compaction works with; kept for the next one and taken while in use, should two run at once. */
interface Desk {
  writer: ColumnWriter;
  reader: DeltaChunkReader;
  blocks: BucketBlock[];
}
let spareDesk: Desk | undefined;

/** Merges each bucket-day's deltas into its blocks, one after the other, so that few blocks are unpacked at a time. */
function mergeBucketDays(desk: Desk, parts: readonly BucketDayRows[]) {
  const { writer, reader } = desk;
  writer.position = 0;
  const rows: BlockRow[] = [];
  const superseded = new ReadingColumns(16);
  let readings = 0;
  for (const part of parts) {
    const open = new OpenBlocks(desk.blocks);
    for (const block of part.blocks) open.take(block);
    for (const body of part.deltas) {
      readings += reader.read(body, part, (key, section) => open.at(key).merge(reader, section, superseded));
    }
    for (const block of open.inOrder()) {
      for (let each = 0; each < PARTS_PER_DAY; each++) {
        if ((part.touched & (1 << each)) === 0) continue;
        const row = rowOf({ block, part: each }, writer, storedPart(part.blocks, block, each));
        if (row) rows.push(row);
      }
    }
    desk.blocks = [...open.inOrder(), ...desk.blocks].slice(0, SPARE_BLOCKS);
  }
  return { rows, superseded, readings };
}

const storedPart = (stored: readonly StoredBlock[], { key }: BucketBlock, part: number): StoredBlock | undefined =>
  stored.find(
    (each) =>
      each.part === part && each.key.channel === key.channel && each.key.intervalMinutes === key.intervalMinutes,
  );

/** Appends a part of the block's day to the writer. @returns undefined: it is as stored (a replay), or there is nothing in it */
function rowOf(
  { block, part }: { block: BucketBlock; part: number },
  writer: ColumnWriter,
  before: StoredBlock | undefined,
): BlockRow | undefined {
  const start = writer.position;
  const row = packBlock(block, part, writer);
  const same =
    row !== undefined &&
    before !== undefined &&
    Buffer.compare(before.meterSet, writer.written(start).subarray(0, METER_SET_BYTES)) === 0 &&
    Buffer.compare(before.body, writer.written(start + METER_SET_BYTES)) === 0;
  if (same) writer.position = start;
  return same ? undefined : row;
}

/** What belongs together, in key order. */
function byBucketDay(rows: readonly BinaryRow[]): BucketDayRows[] {
  const parts = new Map<string, BucketDayRows>();
  for (const [bucketNo, dayNo, partNo, channel, minutes, meterSet, body] of rows) {
    const [bucket, day] = [(bucketNo as Buffer).readInt32BE(), (dayNo as Buffer).readInt32BE()];
    const name = `${bucket}/${day}`;
    const part = parts.get(name) ?? { bucket, day, touched: 0, deltas: [], blocks: [] };
    parts.set(name, part);
    const bits = (partNo as Buffer).readInt32BE();
    if (!channel || !minutes || !meterSet) {
      part.touched |= bits;
      part.deltas.push(body as Buffer);
    } else {
      const key = { bucket, day, channel: channel.readInt32BE(), intervalMinutes: minutes.readInt32BE() };
      part.blocks.push({ key, part: bits, meterSet, body: body as Buffer });
    }
  }
  return [...parts.values()].sort((a, b) => a.day - b.day || a.bucket - b.bucket);
}

async function putVersions(session: Queryable, versions: ReadingColumns): Promise<void> {
  if (versions.length === 0) return;
  const rows = Array.from({ length: versions.length }, (_, row) => versions.at(row));
  await session.query(PUT_VERSIONS, [
    rows.map(({ meterNo }) => meterNo),
    rows.map(({ channel }) => channel),
    rows.map(({ intervalMinutes }) => intervalMinutes),
    rows.map(({ day, slot, intervalMinutes }) => slotStart(day, slot, intervalMinutes)),
    rows.map(({ quality }) => quality),
    rows.map(({ revision }) => revision),
    rows.map(({ energyWh }) => energyWh),
    rows.map(({ recordedAt }) => recordedAt),
  ]);
}
