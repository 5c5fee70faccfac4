import { Buffer } from 'node:buffer';
import { CHANNEL_NAMES, QUALITY_NAMES } from '../../contracts/messages/channels.ts';
import { energyUnit } from '../../contracts/messages/fields.ts';
import type { IntervalColumnsMessage } from '../../contracts/messages/interval-columns.ts';
import { MAX_CELLS_PER_MESSAGE, MAX_METERS_PER_MESSAGE } from '../../contracts/messages/limits.ts';
import { AvroReader, AvroWriter } from '../messages/avro-bytes.ts';
import type { JsonValue } from '../messages/strict-json.ts';

/** Bytes of one packed value. */
export type ColumnWidth = 1 | 2 | 4;
export const isColumnWidth = (width: number): width is ColumnWidth => width === 1 || width === 2 || width === 4;

/** The packed value that says that nothing was read: all bits set. */
export const absentOf = (width: ColumnWidth): number => 2 ** (8 * width) - 1;

/** The message as an Avro record, without any header. @see INTERVAL_COLUMNS_AVRO */
export function encodeIntervalColumns(message: IntervalColumnsMessage): Uint8Array {
  const writer = new AvroWriter();
  writer.long(CHANNEL_NAMES.indexOf(message.channel));
  writer.long(energyUnit.options.indexOf(message.unit));
  writer.long(message.scale);
  writer.long(message.intervalMinutes);
  writer.long(Date.parse(message.start));
  writer.long(message.intervals);
  writer.long(message.revision ?? 0);
  writer.long(QUALITY_NAMES.indexOf(message.quality ?? 'raw'));
  if (message.meters.length > 0) writer.long(message.meters.length);
  for (const meterId of message.meters) writer.octets(Buffer.from(meterId));
  writer.long(0);
  writer.octets(packValues(message.values));
  return writer.written();
}

function packValues(values: readonly (number | null)[]): Uint8Array {
  const most = values.reduce<number>((least, value) => Math.max(least, value ?? 0), 0);
  const width = most < absentOf(1) ? 1 : most < absentOf(2) ? 2 : 4;
  const packed = Buffer.alloc(1 + width * values.length);
  packed[0] = width;
  for (const [index, value] of values.entries()) {
    packed.writeUIntLE(value ?? absentOf(width), 1 + width * index, width);
  }
  return packed;
}

/**
 * The record as the value that its JSON form would give, to be judged as that is: words and numbers outside their lists stay
 * what they are. @returns undefined: the bytes are no such record.
 */
export function decodeIntervalColumns(bytes: Uint8Array): JsonValue | undefined {
  try {
    return read(new AvroReader(bytes));
  } catch (failure) {
    if (failure instanceof RangeError) return undefined;
    throw failure;
  }
}

function read(reader: AvroReader): JsonValue | undefined {
  const symbol = (symbols: readonly string[]): string | number => {
    const index = reader.long();
    return symbols[index] ?? index;
  };
  const channel = symbol(CHANNEL_NAMES);
  const unit = symbol(energyUnit.options);
  const scale = reader.long();
  const intervalMinutes = reader.long();
  const start = instant(reader.long());
  const intervals = reader.long();
  const revision = reader.long();
  const quality = symbol(QUALITY_NAMES);
  const meters: string[] = [];
  for (let count = reader.blockCount(); count > 0; count = reader.blockCount()) {
    if (meters.length + count > MAX_METERS_PER_MESSAGE) return undefined;
    for (let i = 0; i < count; i++) meters.push(text(reader));
  }
  const length = reader.length();
  const packed = Buffer.from(reader.bytes.subarray(reader.at, reader.at + length));
  reader.at += length;
  const width = packed[0] ?? 0;
  if (reader.at !== reader.bytes.length || !isColumnWidth(width) || (length - 1) % width !== 0) return undefined;
  const count = (length - 1) / width;
  if (count > MAX_CELLS_PER_MESSAGE) return undefined;
  const values = Array.from({ length: count }, (_, index) => {
    const value = packed.readUIntLE(1 + width * index, width);
    return value === absentOf(width) ? null : value;
  });
  return { channel, unit, scale, intervalMinutes, start, intervals, revision, quality, meters, values };
}

/** ISO 8601, or the number itself where no calendar has it. */
function instant(timeMs: number): string | number {
  return Math.abs(timeMs) <= 8.64e15 ? new Date(timeMs).toISOString() : timeMs;
}

function text(reader: AvroReader): string {
  const length = reader.length();
  const octets = reader.bytes.subarray(reader.at, reader.at + length);
  reader.at += length;
  return Buffer.from(octets).toString('utf8');
}
