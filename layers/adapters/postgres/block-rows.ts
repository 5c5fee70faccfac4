import { type BucketBlock, METER_SET_BYTES } from '../../domain/readings/bucket-block.ts';
import type { ColumnWriter } from '../../domain/readings/packed-column.ts';

const COLUMNS = ['day', 'bucket', 'channel', 'intervalMinutes', 'headBytes', 'recordBytes', 'start', 'length'] as const;

/** A row of `reading_block` to be written: its set of meters and body lie in one value, from `start` (1: the first byte) on. */
export type BlockRow = Record<(typeof COLUMNS)[number], number>;

/** Appends a block's set of meters and body to the writer. */
export function packBlock(block: BucketBlock, writer: ColumnWriter): BlockRow {
  const start = writer.position;
  writer.bytes(block.meterSet());
  const { headBytes, recordBytes, body } = block.encode(writer);
  return { ...block.key, headBytes, recordBytes, start: start + 1, length: body.length };
}

/** Parameters of a statement with `BLOCK_ROWS`. */
export const blockParameters = (rows: readonly BlockRow[], writer: ColumnWriter): unknown[] => [
  asBuffer(writer.written()),
  ...COLUMNS.map((column) => arrayText(rows.map((row) => row[column]))),
];

export const BLOCK_COLUMNS = 'day, bucket, channel, interval_minutes, meters, head_bytes, record_bytes, body';
/** The rows as a table: $1 to $9. */
export const BLOCK_ROWS = `SELECT day, bucket, channel, interval_minutes, substring($1::bytea FROM start FOR ${METER_SET_BYTES}) AS meters,
    head_bytes, record_bytes, substring($1::bytea FROM start + ${METER_SET_BYTES} FOR length) AS body
  FROM unnest($2::int[], $3::int[], $4::smallint[], $5::smallint[], $6::int[], $7::int[], $8::int[], $9::int[])
    AS block (day, bucket, channel, interval_minutes, head_bytes, record_bytes, start, length)`;

export const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** An array as PostgreSQL reads it; the driver would quote and escape each number. */
export const arrayText = (numbers: readonly number[]): string => `{${numbers.join(',')}}`;
