import { BUCKET_BITS, slotStart } from '../../domain/readings/calendar-day.ts';
import { encodeBlock } from '../../domain/readings/day-block.ts';
import { ColumnWriter } from '../../domain/readings/packed-column.ts';
import type { ReadingColumns } from '../../domain/readings/reading-columns.ts';
import type { CompactionReport } from '../../domain/readings/reading-store.ts';
import { BucketDay, PACKED_BLOCKS, PACKED_DELTAS, unpackDeltas } from './packed-rows.ts';
import type { Database, Queryable } from './pool.ts';

/**
 * A bucket-day waits until so much has gathered that rewriting its blocks pays: 16 intervals of its 256 meters, or many small
 * rows, or six hours. What waits is read with every query, so it must stay small. [proposed]
 */
const WORTH_READINGS = 4096;
const WORTH_ROWS = 512;
const WAIT_HOURS = 6;
/** Delta rows of one transaction, so that its memory and its locks stay small. */
const MAX_ROWS = 4096;
/** Bucket-days of one call; the report says whether more wait. */
const BUCKET_DAYS_PER_PASS = 256;

/** Merges what is due, a transaction per bucket and day; a bucket-day that another run holds is left to it. */
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
  for (const [index, { bucket, day }] of rows.entries()) {
    if (index === BUCKET_DAYS_PER_PASS || performance.now() - startedAt > budgetMs) {
      report.more = true;
      break;
    }
    const moved = await database.transaction((session) => compactBucketDay(session, Number(bucket), Number(day)));
    if (moved.readings === 0) continue;
    report.bucketDays++;
    report.readings += moved.readings;
    report.versions += moved.versions;
  }
  return report;
}

const DUE = `SELECT bucket, day FROM reading_delta GROUP BY bucket, day
  HAVING sum(reading_count) >= $1::int OR count(*) >= $2::int OR min(stored_at) < now() - make_interval(hours => $3::int)
  ORDER BY bucket, day LIMIT $4::int`;

const TAKE_DELTAS = `WITH taken AS (
    DELETE FROM reading_delta WHERE chunk_id IN (
      SELECT chunk_id FROM reading_delta WHERE bucket = $1::int AND day = $2::int ORDER BY chunk_id LIMIT ${MAX_ROWS})
    RETURNING bucket, day, body)
  SELECT ${PACKED_DELTAS} AS deltas FROM taken`;

const BLOCKS = `SELECT ${PACKED_BLOCKS} AS blocks FROM reading_block
  WHERE day = $1::int AND meter_no >= $2::int AND meter_no < $3::int`;

const PUT_BLOCKS = `INSERT INTO reading_block (day, meter_no, channel, interval_minutes, body)
  SELECT $1::int, meter_no, channel, interval_minutes, substring($2::bytea FROM start FOR length)
  FROM unnest($3::int[], $4::smallint[], $5::smallint[], $6::int[], $7::int[])
    AS block (meter_no, channel, interval_minutes, start, length)
  ON CONFLICT (day, meter_no, channel, interval_minutes) DO UPDATE SET body = excluded.body`;

const PUT_VERSIONS = `INSERT INTO reading_version
    (meter_no, channel, interval_minutes, interval_start, quality, revision, energy_wh, recorded_at)
  SELECT meter_no, channel, interval_minutes, to_timestamp(start / 1000), quality, revision, energy_wh,
    to_timestamp(min(recorded_at) / 1000)
  FROM unnest($1::int[], $2::smallint[], $3::smallint[], $4::float8[], $5::smallint[], $6::int[], $7::int[], $8::float8[])
    AS version (meter_no, channel, interval_minutes, start, quality, revision, energy_wh, recorded_at)
  GROUP BY 1, 2, 3, 4, 5, 6, 7
  ON CONFLICT (meter_no, channel, interval_minutes, interval_start, quality, revision, energy_wh)
  DO UPDATE SET recorded_at = excluded.recorded_at WHERE excluded.recorded_at < reading_version.recorded_at`;

async function compactBucketDay(session: Queryable, bucket: number, day: number) {
  const nothing = { readings: 0, versions: 0 };
  const { rows: lock } = await session.query('SELECT pg_try_advisory_xact_lock($1::int, $2::int) AS mine', [
    bucket,
    day,
  ]);
  if (lock[0]?.mine !== true) return nothing;
  const { rows: taken } = await session.query(TAKE_DELTAS, [bucket, day]);
  const deltas = taken[0]?.deltas;
  if (!(deltas instanceof Uint8Array)) return nothing;
  const firstMeterNo = bucket << BUCKET_BITS;
  const { rows: found } = await session.query(BLOCKS, [day, firstMeterNo, firstMeterNo + (1 << BUCKET_BITS)]);
  const blocks = found[0]?.blocks;
  const bucketDay = new BucketDay(blocks instanceof Uint8Array ? blocks : new Uint8Array(0));
  const readings = unpackDeltas(deltas);
  const superseded = bucketDay.merge(readings);
  await putBlocks(session, day, bucketDay);
  await putVersions(session, superseded);
  return { readings: readings.length, versions: superseded.length };
}

async function putBlocks(session: Queryable, day: number, bucketDay: BucketDay): Promise<void> {
  const writer = new ColumnWriter(65_536);
  const meterNos: number[] = [];
  const channels: number[] = [];
  const intervals: number[] = [];
  const starts: number[] = [];
  const lengths: number[] = [];
  for (const { key, block, before } of bucketDay.entries()) {
    const start = writer.position;
    const body = encodeBlock(block, writer);
    if (before && Buffer.compare(before, body) === 0) {
      // Nothing new (a replay): the row is not rewritten.
      writer.position = start;
      continue;
    }
    meterNos.push(key.meterNo);
    channels.push(key.channel);
    intervals.push(key.intervalMinutes);
    starts.push(start + 1);
    lengths.push(body.length);
  }
  if (meterNos.length === 0) return;
  const bytes = writer.written();
  const bodies = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  await session.query(PUT_BLOCKS, [day, bodies, meterNos, channels, intervals, starts, lengths]);
}

async function putVersions(session: Queryable, versions: ReadingColumns): Promise<void> {
  if (versions.length === 0) return;
  const column = (from: ArrayLike<number>) => Array.from({ length: versions.length }, (_, row) => from[row] as number);
  const starts = column(versions.day).map((day, row) =>
    slotStart(day, versions.slot[row] as number, versions.intervalMinutes[row] as number),
  );
  await session.query(PUT_VERSIONS, [
    column(versions.meterNo),
    column(versions.channel),
    column(versions.intervalMinutes),
    starts,
    column(versions.quality),
    column(versions.revision),
    column(versions.energyWh),
    column(versions.recordedAt),
  ]);
}
