import { BUCKET_BITS, slotStart } from '../../domain/readings/calendar-day.ts';
import { encodeBlock } from '../../domain/readings/day-block.ts';
import { ColumnWriter } from '../../domain/readings/packed-column.ts';
import type { ReadingColumns } from '../../domain/readings/reading-columns.ts';
import type { CompactionReport } from '../../domain/readings/reading-store.ts';
import { MergedBlocks, PACKED_BLOCKS, PACKED_DELTAS, unpackDeltas } from './packed-rows.ts';
import type { Database, Queryable } from './pool.ts';

/**
 * A bucket-day waits until so much has gathered that rewriting its blocks pays: 16 intervals of its 256 meters, or many small
 * rows, or six hours. What waits is read with every query, so it must stay small. [proposed]
 */
const WORTH_READINGS = 4096;
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

const TAKE = `WITH mine AS (SELECT * FROM unnest($1::int[], $2::int[]) AS mine (bucket, day)),
  taken AS (DELETE FROM reading_delta AS delta USING mine
    WHERE delta.bucket = mine.bucket AND delta.day = mine.day RETURNING delta.bucket, delta.day, delta.body)
  SELECT (SELECT ${PACKED_DELTAS} FROM taken) AS deltas,
    (SELECT ${PACKED_BLOCKS} FROM mine JOIN reading_block USING (day)
      WHERE meter_no >= bucket << ${BUCKET_BITS} AND meter_no < (bucket + 1) << ${BUCKET_BITS}) AS blocks`;

const PUT_BLOCKS = `INSERT INTO reading_block (day, meter_no, channel, interval_minutes, body)
  SELECT day, meter_no, channel, interval_minutes, substring($1::bytea FROM start FOR length)
  FROM unnest($2::int[], $3::int[], $4::smallint[], $5::smallint[], $6::int[], $7::int[])
    AS block (day, meter_no, channel, interval_minutes, start, length)
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

async function compactTogether(session: Queryable, due: readonly Record<string, unknown>[]) {
  const { rows: mine } = await session.query(LOCK, [due.map(({ bucket }) => bucket), due.map(({ day }) => day)]);
  const { rows } = await session.query(TAKE, [mine.map(({ bucket }) => bucket), mine.map(({ day }) => day)]);
  const { deltas, blocks } = rows[0] ?? {};
  if (!(deltas instanceof Uint8Array)) return { bucketDays: 0, readings: 0, versions: 0 };
  const merged = new MergedBlocks(blocks instanceof Uint8Array ? blocks : new Uint8Array(0));
  const readings = unpackDeltas(deltas);
  const superseded = merged.merge(readings);
  await putBlocks(session, merged);
  await putVersions(session, superseded);
  return { bucketDays: mine.length, readings: readings.length, versions: superseded.length };
}

async function putBlocks(session: Queryable, merged: MergedBlocks): Promise<void> {
  const writer = new ColumnWriter(65_536);
  const days: number[] = [];
  const meterNos: number[] = [];
  const channels: number[] = [];
  const intervals: number[] = [];
  const starts: number[] = [];
  const lengths: number[] = [];
  for (const { key, block, before } of merged.entries()) {
    const start = writer.position;
    const body = encodeBlock(block, writer);
    if (before && Buffer.compare(before, body) === 0) {
      // Nothing new (a replay): the row is not rewritten.
      writer.position = start;
      continue;
    }
    days.push(key.day);
    meterNos.push(key.meterNo);
    channels.push(key.channel);
    intervals.push(key.intervalMinutes);
    starts.push(start + 1);
    lengths.push(body.length);
  }
  if (meterNos.length === 0) return;
  const bytes = writer.written();
  const bodies = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const columns = [days, meterNos, channels, intervals, starts, lengths].map(arrayText);
  await session.query(PUT_BLOCKS, [bodies, ...columns]);
}

/** An array as PostgreSQL reads it; the driver would quote and escape each number. */
const arrayText = (numbers: readonly number[]): string => `{${numbers.join(',')}}`;

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
