import { type BucketBlock, METER_SET_BYTES } from '../../domain/readings/bucket-block.ts';
import type { ColumnWriter } from '../../domain/readings/packed-column.ts';

const COLUMNS = [
  'day',
  'bucket',
  'channel',
  'intervalMinutes',
  'part',
  'headBytes',
  'recordBytes',
  'start',
  'length',
] as const;

/** A row of `reading_block` to be written: its set of meters and body lie in one value, from `start` (1: the first byte) on. */
export type BlockRow = Record<(typeof COLUMNS)[number], number>;

/** Appends the set of meters and the body of a part of the day to the writer. @returns undefined: nothing is in it */
export function packBlock(block: BucketBlock, part: number, writer: ColumnWriter): BlockRow | undefined {
  const start = writer.position;
  writer.bytes(block.meterSet(part));
  const { headBytes, recordBytes, body } = block.encode(writer, part);
  if (recordBytes > 0) return { ...block.key, part, headBytes, recordBytes, start: start + 1, length: body.length };
  writer.position = start;
  return undefined;
}

/** Parameters of a statement with `BLOCK_ROWS`. */
export const blockParameters = (rows: readonly BlockRow[], writer: ColumnWriter): unknown[] => [
  asBuffer(writer.written()),
  ...COLUMNS.map((column) => arrayText(rows.map((row) => row[column]))),
];

export const BLOCK_COLUMNS = 'day, bucket, channel, interval_minutes, part, meters, head_bytes, record_bytes, body';
/** The rows as a table: $1 to $10. */
export const BLOCK_ROWS = `SELECT day, bucket, channel, interval_minutes, part, substring($1::bytea FROM start FOR ${METER_SET_BYTES}) AS meters,
    head_bytes, record_bytes, substring($1::bytea FROM start + ${METER_SET_BYTES} FOR length) AS body
  FROM unnest($2::int[], $3::int[], $4::smallint[], $5::smallint[], $6::smallint[], $7::int[], $8::int[], $9::int[],
    $10::int[]) AS block (day, bucket, channel, interval_minutes, part, head_bytes, record_bytes, start, length)`;

export const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** An array as PostgreSQL reads it; the driver would quote and escape each number. */
export const arrayText = (numbers: readonly number[]): string => `{${numbers.join(',')}}`;
