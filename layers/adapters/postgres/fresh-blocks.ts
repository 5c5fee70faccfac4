import { type BatchPart, isWholeDay } from '../../domain/readings/batch-parts.ts';
import type { BucketBlock } from '../../domain/readings/bucket-block.ts';
import { PARTS_PER_DAY } from '../../domain/readings/calendar-day.ts';
import { ColumnWriter } from '../../domain/readings/packed-column.ts';
import { ReadingColumns } from '../../domain/readings/reading-columns.ts';
import { BLOCK_COLUMNS, BLOCK_ROWS, type BlockRow, blockParameters, packBlock } from './block-rows.ts';
import { OpenBlocks } from './packed-rows.ts';
import type { Queryable } from './pool.ts';

// Under the lock of compaction, which is tried, never awaited: one that has read the bucket's day and not written it yet would
// write over a block that came between. A block that is stored already as it is here is a batch that came again: nothing to do.
// What is written is marked as the trigger of deltas does it.
const PUT_FRESH = `WITH fresh AS (${BLOCK_ROWS}),
  mine AS MATERIALIZED (SELECT bucket, day FROM (SELECT DISTINCT bucket, day FROM fresh) AS touched
    WHERE pg_try_advisory_xact_lock(bucket, day)),
  put AS (INSERT INTO reading_block (${BLOCK_COLUMNS}) SELECT ${BLOCK_COLUMNS} FROM fresh JOIN mine USING (bucket, day)
    ON CONFLICT DO NOTHING RETURNING day, bucket, channel, interval_minutes, part),
  marked AS (INSERT INTO window_mark (bucket, day) SELECT DISTINCT bucket, day FROM put)
  SELECT DISTINCT bucket, day FROM fresh
  WHERE NOT EXISTS (SELECT FROM put WHERE (put.day, put.bucket, put.channel, put.interval_minutes, put.part)
      = (fresh.day, fresh.bucket, fresh.channel, fresh.interval_minutes, fresh.part))
    AND NOT EXISTS (SELECT FROM reading_block AS stored
      WHERE (stored.day, stored.bucket, stored.channel, stored.interval_minutes, stored.part)
        = (fresh.day, fresh.bucket, fresh.channel, fresh.interval_minutes, fresh.part)
        AND stored.meters = fresh.meters AND stored.body = fresh.body)`;

/** What packing works with; kept for the next batch and taken while in use, should two run at once. */
let spare: { writer: ColumnWriter; blocks: BucketBlock[] } | undefined;

/**
 * Writes the parts of a batch that are a bucket's whole day as blocks, where there is none yet: no delta, no second look by a
 * compaction. @returns the parts that are left to be appended
 */
export async function putFreshBlocks(
  session: Queryable,
  batch: ReadingColumns,
  parts: readonly BatchPart[],
): Promise<readonly BatchPart[]> {
  const whole = parts.filter(isWholeDay);
  if (whole.length === 0) return parts;
  const desk = spare ?? { writer: new ColumnWriter(65_536), blocks: [] };
  spare = undefined;
  const { writer } = desk;
  writer.position = 0;
  const rows: BlockRow[] = [];
  const left = new Set(parts);
  for (const part of whole) {
    const packed = packPart(batch, part, desk);
    if (!packed) continue;
    rows.push(...packed);
    left.delete(part);
  }
  if (rows.length === 0) return parts;
  const { rows: refused } = await session.query(PUT_FRESH, blockParameters(rows, writer));
  spare = desk;
  for (const { bucket, day } of refused) {
    const part = whole.find((each) => each.bucket === Number(bucket) && each.day === Number(day));
    if (part) left.add(part);
  }
  return parts.filter((part) => left.has(part));
}

const PARTS = Array.from({ length: PARTS_PER_DAY }, (_, part) => part);

/** Undefined: the part has two versions of an interval, which only a compaction logs. */
function packPart(
  batch: ReadingColumns,
  { bucket, day, sections }: BatchPart,
  desk: { writer: ColumnWriter; blocks: BucketBlock[] },
): BlockRow[] | undefined {
  const open = new OpenBlocks(desk.blocks);
  const cells = { meter: batch.meterNo, slot: batch.slot, energyWh: batch.energyWh };
  const losers = new ReadingColumns(1);
  for (const { channel, intervalMinutes, ...section } of sections) {
    open.at({ bucket, day, channel, intervalMinutes }).merge(cells, section, losers);
  }
  const blocks = open.inOrder();
  const rows =
    losers.length > 0
      ? undefined
      : blocks.flatMap((block) => PARTS.flatMap((each) => packBlock(block, each, desk.writer) ?? []));
  desk.blocks.push(...blocks);
  return rows;
}
