import { gzipSync, zstdCompressSync } from 'node:zlib';
import type { ReasonCode } from '../../layers/contracts/codes/reasons.ts';
import { MAX_DECOMPRESSED_BYTES } from '../../layers/contracts/messages/limits.ts';

/** One way of being wrong: how message n of it looks, and the reason that must be named for it. */
export interface BadClass {
  name: string;
  reason: ReasonCode;
  payload(n: number, meterId: string): Buffer;
}

const START_MS = Date.parse('2013-01-01T00:00:00Z');
const start = (n: number): string => new Date(START_MS + n * 1_800_000).toISOString();

/** A message that would be stored, as text to be spoiled; every n has a start of its own. */
const good = (n: number, meterId: string): string =>
  `{"meterId":"${meterId}","channel":"activeEnergyImport","unit":"kWh","intervalMinutes":30,"start":"${start(n)}","value":0.5}`;

const spoilt =
  (from: string | RegExp, to: string | ((n: number) => string)) =>
  (n: number, meterId: string): Buffer =>
    Buffer.from(good(n, meterId).replace(from, typeof to === 'string' ? to : to(n)));

/** Spaces beyond what a compressed message may hold, whatever the number is taken off. */
const BOMB = Buffer.alloc(MAX_DECOMPRESSED_BYTES + 100_000, 0x20);

export const BAD_CLASSES: readonly BadClass[] = [
  { name: 'NaN', reason: 'NOT_FINITE', payload: spoilt('0.5', 'NaN') },
  { name: 'Infinity', reason: 'NOT_FINITE', payload: spoilt('0.5', '-Infinity') },
  { name: 'beyond a double', reason: 'NOT_FINITE', payload: spoilt('0.5', '1e309') },
  { name: 'a key twice', reason: 'DUPLICATE_KEY', payload: spoilt('"value":0.5', '"value":0.5,"value":0.6') },
  {
    name: 'a key twice, once escaped',
    reason: 'DUPLICATE_KEY',
    payload: spoilt('"value":0.5', '"value":0.5,"v\\u0061lue":0.6'),
  },
  {
    name: '__proto__',
    reason: 'FORBIDDEN_KEY',
    payload: spoilt('"value":0.5', '"value":0.5,"__proto__":{"quality":"edited"}'),
  },
  {
    name: 'bad UTF-8',
    reason: 'INVALID_UTF8',
    payload: (n, id) =>
      Buffer.concat([
        Buffer.from(good(n, id).slice(0, -1)),
        Buffer.from([0x2c, 0x22, 0xff, 0xc0, 0x22, 0x3a, 0x31, 0x7d]),
      ]),
  },
  { name: 'truncated gzip', reason: 'INVALID_COMPRESSION', payload: (n, id) => gzipSync(good(n, id)).subarray(0, -6) },
  {
    name: 'truncated zstd',
    reason: 'INVALID_COMPRESSION',
    payload: (n, id) => zstdCompressSync(good(n, id)).subarray(0, -3),
  },
  { name: 'gzip in gzip', reason: 'INVALID_COMPRESSION', payload: (n, id) => gzipSync(gzipSync(good(n, id))) },
  { name: 'a gzip bomb', reason: 'TOO_LARGE', payload: (n) => gzipSync(BOMB.subarray(0, BOMB.length - n)) },
  { name: 'a zstd bomb', reason: 'TOO_LARGE', payload: (n) => zstdCompressSync(BOMB.subarray(0, BOMB.length - n)) },
  {
    name: 'a schema of nobody',
    reason: 'UNKNOWN_SCHEMA',
    payload: (n, id) =>
      Buffer.concat([Uint8Array.of(3, 0), Buffer.from(String(n).padStart(16)), Buffer.from(good(n, id))]),
  },
  {
    name: 'a header cut off',
    reason: 'INVALID_AVRO',
    payload: (n) => Buffer.concat([Uint8Array.of(3, 0), Buffer.from(String(n))]),
  },
  {
    name: 'a channel named twice',
    reason: 'UNKNOWN_FIELD',
    payload: spoilt('"kWh"', '"kWh","obis":"1-0:1.8.0"'),
  },
  { name: 'truncated JSON', reason: 'INVALID_JSON', payload: (n, id) => Buffer.from(good(n, id).slice(0, -3)) },
  { name: 'nothing', reason: 'EMPTY', payload: (n) => Buffer.from('[]'.padEnd(2 + (n % 5_000))) },
  { name: 'two documents', reason: 'INVALID_JSON', payload: (n, id) => Buffer.from(`${good(n, id)}${good(n, id)}`) },
  { name: 'another unit', reason: 'WRONG_UNIT', payload: spoilt('"kWh"', '"kvarh"') },
  { name: 'a power unit', reason: 'WRONG_UNIT', payload: spoilt('"kWh"', '"kW"') },
  { name: "another device's meter", reason: 'ID_MISMATCH', payload: (n) => Buffer.from(good(n, 'm999')) },
  { name: 'an id with a slash', reason: 'INVALID_ID', payload: (n) => Buffer.from(good(n, '../m001')) },
  { name: 'unknown channel', reason: 'UNKNOWN_CHANNEL', payload: spoilt('activeEnergyImport', 'activeEnergy') },
  { name: 'negative', reason: 'NEGATIVE', payload: spoilt('0.5', '-0.5') },
  { name: 'a text for a number', reason: 'WRONG_TYPE', payload: spoilt('0.5', '"0.5"') },
  { name: 'null', reason: 'WRONG_TYPE', payload: spoilt('0.5', 'null') },
  { name: 'too precise', reason: 'EXCESS_PRECISION', payload: spoilt('0.5', '0.50001') },
  { name: 'absurdly large', reason: 'OUT_OF_RANGE', payload: spoilt('0.5', '100001') },
  {
    name: 'far future',
    reason: 'FUTURE_TIME',
    payload: spoilt(
      /"start":"[^"]+"/,
      (n) => `"start":"${new Date(Date.parse('2999-01-01T00:00:00Z') + n * 1_800_000).toISOString()}"`,
    ),
  },
  {
    name: 'before metering',
    reason: 'TOO_OLD',
    payload: spoilt(/"start":"[^"]+"/, (n) => `"start":"${new Date(n * 1_800_000).toISOString()}"`),
  },
  {
    name: 'no time',
    reason: 'INVALID_TIME',
    payload: spoilt(/"start":"[^"]+"/, (n) => `"start":"2013-02-30T00:00:00.${String(n).padStart(3, '0')}Z"`),
  },
  {
    name: 'off the grid of intervals',
    reason: 'MISALIGNED',
    payload: spoilt(/"start":"[^"]+"/, (n) => `"start":"${new Date(START_MS + n * 1_800_000 + 60_000).toISOString()}"`),
  },
  {
    name: 'another interval length',
    reason: 'INTERVAL_SIZE',
    payload: spoilt('"intervalMinutes":30', '"intervalMinutes":15'),
  },
  { name: 'a field too many', reason: 'UNKNOWN_FIELD', payload: spoilt('"value":0.5', '"value":0.5,"wert":0.5') },
  { name: 'a field too few', reason: 'MISSING_FIELD', payload: spoilt(/,"intervalMinutes":30/, '') },
  {
    name: 'deeper than any message',
    reason: 'TOO_DEEP',
    payload: (n, id) => Buffer.from(`${'['.repeat(40)}${good(n, id)}${']'.repeat(40)}`),
  },
];
