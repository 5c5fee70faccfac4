import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, gunzipSync } from 'node:zlib';
import { type MeterColumn, parseSource } from './source.ts';

/** `node local/fleet/data/pack.ts meters.csv.gz` writes `meters.br` beside this file: see README.md for the form. */
const [file] = process.argv.slice(2);
if (!file) throw new Error('which meters.csv.gz?');
const columns = parseSource(gunzipSync(readFileSync(file)).toString());
const packed = brotliCompressSync(planes(columns), {
  params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_LGWIN]: 24 },
});
writeFileSync(join(import.meta.dirname, 'meters.br'), packed);
process.stdout.write(`${columns.length} meters, ${packed.length} bytes\n`);

/** High bytes of all values, then low bytes: nearly all high bytes are 0 or 1, so the two compress better apart. */
function planes(all: readonly MeterColumn[]): Buffer {
  const values = all.flatMap((column) => [...column.valuesWh]);
  const bytes = Buffer.alloc(values.length * 2);
  values.forEach((value, n) => {
    bytes[n] = value >> 8;
    bytes[values.length + n] = value & 0xff;
  });
  return bytes;
}
