import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** One series of the Numenta Anomaly Benchmark's form. */
export interface Series {
  /** `<category>/<file>.csv` */
  path: string;
  /** As the file writes them. */
  timestamps: readonly string[];
  /** ms since the epoch, the stamps read as UTC. */
  times: Float64Array;
  values: Float64Array;
}

const HEADER = ['timestamp', 'value'];

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
  const lines = text.split(/\r?\n/).filter((line) => line !== '');
  const header = (lines[0] ?? '').split(',').map((column) => column.trim());
  const [stampAt, valueAt] = HEADER.map((column) => header.indexOf(column)) as [number, number];
  if (stampAt < 0 || valueAt < 0) throw new Error(`${path}: the header has to name ${HEADER.join(' and ')}`);
  const rows = lines.slice(1).map((line, n) => {
    const cells = line.split(',');
    const stamp = cells[stampAt]?.trim() ?? '';
    const at = Date.parse(`${stamp.replace(' ', 'T').replace(/Z$/, '')}Z`);
    const value = Number(cells[valueAt] || Number.NaN);
    if (Number.isNaN(at) || !Number.isFinite(value))
      throw new Error(`${path}:${n + 2}: not a time and a number: ${line}`);
    return { stamp, at, value };
  });
  return {
    path,
    timestamps: rows.map(({ stamp }) => stamp),
    times: Float64Array.from(rows, ({ at }) => at),
    values: Float64Array.from(rows, ({ value }) => value),
  };
}
