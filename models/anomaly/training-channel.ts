import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { FAULT_LABELS, type FaultLabel } from '../../layers/contracts/models/anomaly.ts';

/** Readings of one meter on an even grid. */
export interface MeterHistory {
  meterId: string;
  startMs: number;
  intervalMinutes: number;
  /** Energy per interval; NaN where there is none. */
  imported: Float64Array;
  exported: Float64Array;
}

const MINUTE_MS = 60_000;
const COLUMNS = ['time', 'value', 'exported'] as const;

/**
 * Reads `<meterId>.csv` files, or `.csv.gz`, with the columns time (RFC 3339, start of the interval), value and, if the meter has one, exported; rows in any
 * order, the latest row of a time counts.
 * @throws Error naming the file and line that cannot be read.
 */
export function readTrainingChannel(folder: string): MeterHistory[] {
  const files = readdirSync(folder)
    .filter((file) => /\.csv(\.gz)?$/.test(file))
    .sort();
  if (files.length === 0) throw new Error(`the readings channel holds no <meterId>.csv (${folder})`);
  return files.map((file) => {
    const bytes = readFileSync(join(folder, file));
    return parseHistory(
      basename(basename(file, '.gz'), '.csv'),
      (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8'),
    );
  });
}

export function parseHistory(meterId: string, text: string): MeterHistory {
  const lines = text.split(/\r?\n/).filter((line) => line !== '');
  const header = (lines[0] ?? '').split(',').map((column) => column.trim());
  const [timeAt, valueAt, exportedAt] = COLUMNS.map((column) => header.indexOf(column)) as [number, number, number];
  if (timeAt < 0 || valueAt < 0) throw new Error(`${meterId}.csv: the header has to name time and value`);
  const rows = new Map<number, readonly [number, number]>();
  for (let n = 1; n < lines.length; n++) {
    const cells = (lines[n] as string).split(',');
    const at = Date.parse(cells[timeAt] ?? '');
    const value = cells[valueAt] ? Number(cells[valueAt]) : Number.NaN;
    const exported = Number(cells[exportedAt] || 0);
    if (Number.isNaN(at) || Number.isNaN(exported))
      throw new Error(`${meterId}.csv:${n + 1}: not a time and numbers: ${lines[n]}`);
    rows.set(at, [value, exported]);
  }
  const times = [...rows.keys()].sort((a, b) => a - b);
  const startMs = times[0];
  const last = times.at(-1);
  if (startMs === undefined || last === undefined || times.length < 2)
    throw new Error(`${meterId}.csv: two rows are needed to tell the interval`);
  const stepMs = times.reduce(
    (least, at, n) => (n === 0 ? least : Math.min(least, at - (times[n - 1] as number))),
    1 / 0,
  );
  if (stepMs % MINUTE_MS !== 0)
    throw new Error(`${meterId}.csv: readings ${stepMs} ms apart are no intervals of whole minutes`);
  const intervals = Math.round((last - startMs) / stepMs) + 1;
  const imported = new Float64Array(intervals).fill(Number.NaN);
  const exported = new Float64Array(intervals);
  for (const [at, [value, sent]] of rows) {
    const n = (at - startMs) / stepMs;
    if (!Number.isInteger(n))
      throw new Error(`${meterId}.csv: ${new Date(at).toISOString()} is off the grid of ${stepMs / MINUTE_MS} minutes`);
    imported[n] = value;
    exported[n] = sent;
  }
  return { meterId, startMs, intervalMinutes: stepMs / MINUTE_MS, imported, exported };
}

/** What people said about spans of a meter's days. */
export interface Feedback {
  meterId: string;
  fromMs: number;
  toMs: number;
  label: FaultLabel;
}

/** Reads every `*.csv` with the columns meterId, from, to (RFC 3339, half open), label. */
export function readFeedback(folder: string): Feedback[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.csv'))
    .sort()
    .flatMap((file) => {
      const [header, ...lines] = readFileSync(join(folder, file), 'utf8')
        .split(/\r?\n/)
        .filter((line) => line !== '');
      if (header !== 'meterId,from,to,label') throw new Error(`${file}: the header has to be meterId,from,to,label`);
      return lines.map((line, n) => {
        const [meterId = '', from = '', to = '', label = ''] = line.split(',');
        const [fromMs, toMs] = [Date.parse(from), Date.parse(to)];
        if (!(fromMs < toMs)) throw new Error(`${file}:${n + 2}: from has to be before to: ${line}`);
        const known = FAULT_LABELS.find((one) => one === label);
        if (known === undefined)
          throw new Error(`${file}:${n + 2}: label has to be one of ${FAULT_LABELS.join(', ')}: ${line}`);
        return { meterId, fromMs, toMs, label: known };
      });
    });
}
