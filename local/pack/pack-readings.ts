import { gzipSync, zstdCompressSync } from 'node:zlib';
import { CHANNELS } from '../../layers/contracts/messages/channels.ts';
import type { IntervalColumnsMessage } from '../../layers/contracts/messages/interval-columns.ts';
import {
  MAX_CELLS_PER_MESSAGE,
  MAX_DECOMPRESSED_BYTES,
  MAX_MESSAGE_BYTES,
} from '../../layers/contracts/messages/limits.ts';
import { withRegistryHeader } from '../../layers/domain/messages/payload.ts';
import { encodeIntervalColumns } from '../../layers/domain/readings/interval-columns-avro.ts';
import type { FileReading } from './read-readings.ts';

export const FORMS = ['json', 'avro'] as const;
export const COMPRESSIONS = ['none', 'gzip', 'zstd'] as const;

export interface Packing {
  form: (typeof FORMS)[number];
  compression: (typeof COMPRESSIONS)[number];
  /** Id of the schema version in the registry, for Avro. */
  schemaVersionId?: string | undefined;
}

export interface PackedMessage {
  bytes: Uint8Array;
  readings: number;
}

const DAY_MS = 86_400_000;

/**
 * Columnar messages of the readings, none above what MQTT carries: one a channel, interval length, revision, quality and UTC day, in as
 * few parts as fit. @throws Error naming the lines of a reading that stands twice with different values.
 */
export function* packReadings(readings: readonly FileReading[], packing: Packing): Generator<PackedMessage> {
  for (const group of groupsOf(readings)) {
    const rows = [...rowsOf(group)].sort(([a], [b]) => (a < b ? -1 : 1));
    const most = Math.max(1, Math.floor(MAX_CELLS_PER_MESSAGE / spanOf(group).intervals));
    for (let at = 0; at < rows.length; at += most) yield* fitting(group, rows.slice(at, at + most), packing);
  }
}

type Row = readonly [meterId: string, byStart: ReadonlyMap<number, FileReading>];

function groupsOf(readings: readonly FileReading[]): FileReading[][] {
  const groups = new Map<string, FileReading[]>();
  for (const reading of readings) {
    const { channel, intervalMinutes, revision, quality, start } = reading;
    const key = [channel, intervalMinutes, revision, quality, Math.floor(start / DAY_MS)].join();
    const group = groups.get(key);
    if (group) group.push(reading);
    else groups.set(key, [reading]);
  }
  return [...groups.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, group]) => group);
}

function rowsOf(group: readonly FileReading[]): Map<string, Map<number, FileReading>> {
  const rows = new Map<string, Map<number, FileReading>>();
  for (const reading of group) {
    const row = rows.get(reading.meterId) ?? new Map<number, FileReading>();
    rows.set(reading.meterId, row);
    const other = row.get(reading.start);
    if (other && other.energyWh !== reading.energyWh) {
      const start = new Date(reading.start).toISOString();
      throw new Error(`lines ${other.line} and ${reading.line}: ${reading.meterId} has two values at ${start}`);
    }
    row.set(reading.start, reading);
  }
  return rows;
}

function spanOf(group: readonly FileReading[]): { start: number; intervals: number; intervalMs: number } {
  const intervalMs = (group[0]?.intervalMinutes ?? 1) * 60_000;
  let first = Number.POSITIVE_INFINITY;
  let last = Number.NEGATIVE_INFINITY;
  for (const { start } of group) {
    if (start < first) first = start;
    if (start > last) last = start;
  }
  return { start: first, intervals: (last - first) / intervalMs + 1, intervalMs };
}

/** The rows as one message, or as two halves of them, each fitting in its turn. */
function* fitting(group: readonly FileReading[], rows: readonly Row[], packing: Packing): Generator<PackedMessage> {
  const message = messageOf(group, rows);
  const { bytes, unpacked } = encode(message, packing);
  if (bytes.length <= MAX_MESSAGE_BYTES && unpacked <= MAX_DECOMPRESSED_BYTES) {
    yield { bytes, readings: message.values.filter((value) => value !== null).length };
    return;
  }
  if (rows.length === 1) throw new Error(`a day of ${rows[0]?.[0]} does not fit into ${MAX_MESSAGE_BYTES} bytes`);
  const half = rows.length >> 1;
  yield* fitting(group, rows.slice(0, half), packing);
  yield* fitting(group, rows.slice(half), packing);
}

function messageOf(group: readonly FileReading[], rows: readonly Row[]): IntervalColumnsMessage {
  const [{ channel, intervalMinutes, revision, quality }] = group as [FileReading];
  const { start, intervals, intervalMs } = spanOf(group);
  const values = rows.flatMap(([, byStart]) =>
    Array.from({ length: intervals }, (_, index) => byStart.get(start + index * intervalMs)?.energyWh ?? null),
  );
  return {
    channel,
    unit: CHANNELS[channel].unit,
    scale: -3,
    intervalMinutes: intervalMinutes as IntervalColumnsMessage['intervalMinutes'],
    start: new Date(start).toISOString().replace('.000Z', 'Z'),
    intervals,
    ...(revision === 0 ? {} : { revision }),
    ...(quality === 'raw' ? {} : { quality }),
    meters: rows.map(([meterId]) => meterId),
    values,
  };
}

function encode(message: IntervalColumnsMessage, packing: Packing): { bytes: Uint8Array; unpacked: number } {
  const plain = packing.form === 'json' ? Buffer.from(JSON.stringify(message)) : avroOf(message, packing);
  const pack = { none: (bytes: Uint8Array) => bytes, gzip: gzipSync, zstd: zstdCompressSync }[packing.compression];
  return { bytes: pack(plain), unpacked: plain.length };
}

function avroOf(message: IntervalColumnsMessage, { schemaVersionId }: Packing): Uint8Array {
  if (!schemaVersionId) throw new Error('Avro needs the id of the schema version: --schema-version ID');
  return withRegistryHeader(encodeIntervalColumns(message), schemaVersionId);
}
