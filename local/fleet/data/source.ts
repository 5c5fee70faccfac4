import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliDecompressSync } from 'node:zlib';

/** Start of the first interval: 2012-05-01T00:00+10:00, epoch ms. */
export const SOURCE_START_MS = Date.UTC(2012, 3, 30, 14);
export const INTERVAL_MS = 30 * 60_000;
/** Half hours of the whole span, to 2014-03-03T00:00+10:00. */
export const SOURCE_INTERVALS = 32_208;
export const METER_COUNT = 50;
/** No value in the source: the meter was not installed yet, or its communication failed. */
export const BLANK = 0xffff;

/** One meter's readings, one entry per half hour of the span. */
export interface MeterColumn {
  meterId: string;
  /** Wh per half hour, or BLANK. The source has at most three decimals of a kWh, so `Wh / 1000` is its number exactly. */
  valuesWh: Uint16Array;
  /** Index of the first value. */
  first: number;
  /** Index past the last value. */
  end: number;
}

/** The carried copy of the source. ~25 ms. */
export function readSource(): MeterColumn[] {
  const bytes = brotliDecompressSync(readFileSync(join(import.meta.dirname, 'meters.br')));
  const count = METER_COUNT * SOURCE_INTERVALS;
  if (bytes.length !== 2 * count) throw new Error(`meters.br holds ${bytes.length} bytes, not ${2 * count}`);
  return Array.from({ length: METER_COUNT }, (_, meter) => {
    const valuesWh = new Uint16Array(SOURCE_INTERVALS);
    const start = meter * SOURCE_INTERVALS;
    for (let n = 0; n < SOURCE_INTERVALS; n++) {
      valuesWh[n] = ((bytes[start + n] as number) << 8) | (bytes[count + start + n] as number);
    }
    return column(meterIdOf(meter), valuesWh);
  });
}

/** The original CSV. @throws Error for a row out of step or a value that whole Wh cannot hold */
export function parseSource(csv: string): MeterColumn[] {
  const rows = csv.trim().split('\n').slice(1);
  if (rows.length !== SOURCE_INTERVALS) throw new Error(`${rows.length} rows, not ${SOURCE_INTERVALS}`);
  const values = Array.from({ length: METER_COUNT }, () => new Uint16Array(SOURCE_INTERVALS).fill(BLANK));
  rows.forEach((row, n) => {
    const cells = row.split(',');
    if (Date.parse(cells[0] ?? '') !== SOURCE_START_MS + n * INTERVAL_MS) throw new Error(`row ${n} is out of step`);
    for (let meter = 0; meter < METER_COUNT; meter++) {
      const cell = cells[meter + 1];
      if (!cell) continue;
      const energyWh = Math.round(Number(cell) * 1000);
      if (energyWh / 1000 !== Number(cell) || energyWh >= BLANK) throw new Error(`row ${n}: ${cell} is not whole Wh`);
      (values[meter] as Uint16Array)[n] = energyWh;
    }
  });
  return values.map((one, meter) => column(meterIdOf(meter), one));
}

const meterIdOf = (n: number) => `m${String(n + 1).padStart(3, '0')}`;

function column(meterId: string, valuesWh: Uint16Array): MeterColumn {
  const first = valuesWh.findIndex((value) => value !== BLANK);
  return { meterId, valuesWh, first, end: valuesWh.findLastIndex((value) => value !== BLANK) + 1 };
}
