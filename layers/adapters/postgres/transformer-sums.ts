import type { BucketBlock } from '../../domain/readings/bucket-block.ts';
import { BUCKET_BITS, bucketOf } from '../../domain/readings/calendar-day.ts';
import { DeltaChunkReader } from '../../domain/readings/delta-chunk.ts';
import { ReadingColumns } from '../../domain/readings/reading-columns.ts';
import type { DaySummaries } from '../../domain/windows/day-summary.ts';
import { type DayMembers, TransformerSums } from '../../domain/windows/transformer-sums.ts';
import type { Member } from '../../domain/windows/window-store.ts';
import { type BinaryRow, binaryRows, intArray } from './binary-rows.ts';
import { ONE_RECORD, OpenBlocks, RECORDS_OF_A_BLOCK } from './packed-rows.ts';
import type { Queryable } from './pool.ts';
import { epochMs } from './topology-rows.ts';

/** Bucket-days held in memory at once: 16,384 meters' days, some 3 MB. [proposed] */
const BUCKETS_AT_ONCE = 64;

/**
 * Sums the day of transformers' meters, winners of block and deltas together.
 * @param query `channel`: this one alone
 */
export async function sumTransformers(
  session: Queryable,
  query: { transformerIds: readonly string[]; day: number; channel?: number },
): Promise<ReadonlyMap<string, DaySummaries>> {
  const { rows } = await session.query(MEMBERS, [query.transformerIds, query.day]);
  const sums = new TransformerSums(rows.map(dayMembersOf));
  const meterNos = Map.groupBy(sums.meterNos, bucketOf);
  const buckets = [...meterNos.keys()].sort((a, b) => a - b);
  for (let at = 0; at < buckets.length; at += BUCKETS_AT_ONCE) {
    const some = buckets.slice(at, at + BUCKETS_AT_ONCE);
    const wanted = some.flatMap((bucket) => meterNos.get(bucket) ?? []);
    const few = wanted.length <= some.length * RECORDS_OF_A_BLOCK;
    const statement = `${few ? recordsOf(wanted, query) : blocksOf(some, query)} UNION ALL ${deltasOf(some, query)}`;
    addDays(sums, await binaryRows(session, statement), query);
  }
  return sums.summaries;
}

interface Day {
  day: number;
  channel?: number;
}

// One statement, one snapshot: a compaction that commits meanwhile neither hides nor doubles a reading.
const where = ({ day, channel }: Day): string =>
  `day = ${intOf(day)}${channel === undefined ? '' : ` AND channel = ${intOf(channel)}`}`;
const intOf = (number: number): string => `(${intArray([number])})[1]`;

const blocksOf = (buckets: readonly number[], day: Day): string =>
  `SELECT bucket, channel::int, interval_minutes::int, part::int, meters, body FROM reading_block
   WHERE ${where(day)} AND bucket = ANY(${intArray(buckets)})`;

const recordsOf = (meterNos: readonly number[], day: Day): string =>
  `SELECT bucket, channel::int, interval_minutes::int, part::int, ${ONE_RECORD.meters}, ${ONE_RECORD.body}
   FROM unnest(${intArray(meterNos)}) AS wanted (meter_no) JOIN reading_block
     ON bucket = meter_no >> ${BUCKET_BITS} AND get_bit(meters, meter_no & 255) = 1 WHERE ${where(day)}`;

const deltasOf = (buckets: readonly number[], { day }: Day): string =>
  `SELECT bucket, NULL, NULL, NULL, NULL, body FROM reading_delta
   WHERE bucket = ANY(${intArray(buckets)}) AND day = ${intOf(day)}`;

function addDays(sums: TransformerSums, rows: readonly BinaryRow[], { day, channel }: Day): void {
  const reader = new DeltaChunkReader();
  const losers = new ReadingColumns(16);
  const spare: BucketBlock[] = [];
  for (const [bucket, parts] of Map.groupBy(rows, ([number]) => (number as Buffer).readInt32BE())) {
    const open = new OpenBlocks(spare);
    const deltas = parts.filter(([, code]) => code === undefined);
    for (const [, code, minutes, part, meterSet, body] of parts) {
      if (!code || !minutes || !part || !meterSet || !body) continue;
      const key = { bucket, day, channel: code.readInt32BE(), intervalMinutes: minutes.readInt32BE() };
      // Receipts and revisions matter only to what is merged.
      open.take({ key, part: part.readInt32BE(), meterSet, body }, deltas.length === 0 ? 'energies' : undefined);
    }
    for (const row of deltas) {
      reader.read(row.at(-1) as Buffer, { bucket, day }, (key, section) => {
        if (channel === undefined || key.channel === channel) open.at(key).merge(reader, section, losers);
      });
    }
    losers.truncate(0);
    for (const block of open.inOrder()) {
      sums.add(block);
      spare.push(block);
    }
  }
}

function dayMembersOf(row: Record<string, unknown>): DayMembers {
  const numbers = row.all_day instanceof Uint8Array ? Buffer.from(row.all_day) : Buffer.alloc(0);
  const transformerId = String(row.transformer_id);
  return {
    transformerId,
    allDay: Int32Array.from({ length: numbers.length / 4 }, (_, i) => numbers.readInt32BE(i * 4)),
    partly: ((row.partly ?? []) as Omit<Member, 'transformerId'>[]).map((member) => ({ ...member, transformerId })),
  };
}

const DAY_START = 'to_timestamp($2::int * 86400.0)';
const DAY_END = 'to_timestamp(($2::int + 1) * 86400.0)';
const ALL_DAY = `i.valid_from <= ${DAY_START} AND (i.valid_to IS NULL OR i.valid_to >= ${DAY_END})`;

const MEMBERS = `SELECT transformer_id,
    string_agg(int4send(i.meter_no), ''::bytea) FILTER (WHERE ${ALL_DAY}) AS all_day,
    json_agg(json_build_object('meterNo', i.meter_no, 'from', ${epochMs('i.valid_from')}, 'to', ${epochMs('i.valid_to')}))
      FILTER (WHERE NOT (${ALL_DAY})) AS partly
  FROM usage_point JOIN meter_installation i USING (usage_point_id)
  WHERE transformer_id = ANY($1::text[]) AND NOT i.is_check AND i.valid_from < ${DAY_END} AND (i.valid_to IS NULL OR i.valid_to > ${DAY_START})
  GROUP BY transformer_id`;
