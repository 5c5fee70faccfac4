import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** One series of the Numenta Anomaly Benchmark's form. */
export interface Series {
  /** `<category>/<file>.csv` */
  path: string;
  /** As the file writes them. */
  timestamps: readonly string[];
  /** ms since the epoch; stamps without a zone are read as UTC. */
  times: Float64Array;
  /** NaN where the file has none. */
  values: Float64Array;
}

const HEADER = ['timestamp', 'value'];
/** How files say that there is no value. */
const NONE = new Set(['', 'nan', 'na', 'n/a', 'null', 'none']);
const ZONED = /(?:Z|[+-]\d\d:?\d\d)$/i;

/** Every `<category>/<file>.csv` below a folder, in order of their paths. @throws Error naming the file and line that cannot be read. */
export function readSeries(folder: string): Series[] {
  const paths = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name }) => readdirSync(join(folder, name)).map((file) => `${name}/${file}`))
    .filter((path) => path.endsWith('.csv'))
    .sort();
  if (paths.length === 0) throw new Error(`no <category>/<file>.csv below ${folder}`);
  return paths.map((path) => parseSeries(path, readFileSync(join(folder, path), 'utf8')));
}

export function parseSeries(path: string, text: string): Series {
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  const header = cellsOf(lines[0] ?? '').map((column) => column.toLowerCase());
  const [stampAt, valueAt] = HEADER.map((column) => header.indexOf(column)) as [number, number];
  if (stampAt < 0 || valueAt < 0) throw new Error(`${path}:1: the header has to name ${HEADER.join(' and ')}`);
  const rows = lines.flatMap((line, n) => {
    if (n === 0 || line.trim() === '') return [];
    const cells = cellsOf(line);
    const stamp = cells[stampAt] ?? '';
    const at = Date.parse(`${stamp.replace(' ', 'T')}${ZONED.test(stamp) ? '' : 'Z'}`);
    const written = cells[valueAt] ?? '';
    const none = NONE.has(written.toLowerCase());
    const value = none ? Number.NaN : Number(written);
    if (Number.isNaN(at) || !(none || Number.isFinite(value)))
      throw new Error(`${path}:${n + 1}: not a time and a number: ${line}`);
    return [{ stamp, at, value }];
  });
  if (rows.length === 0) throw new Error(`${path}: no row below the header`);
  return {
    path,
    timestamps: rows.map(({ stamp }) => stamp),
    times: Float64Array.from(rows, ({ at }) => at),
    values: Float64Array.from(rows, ({ value }) => value),
  };
}

const cellsOf = (line: string): string[] => line.split(',').map((cell) => cell.trim().replace(/^"(.*)"$/, '$1'));
