import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

/** Half-hourly kWh of the fleet's source, read without any of the product's code. */
export interface HouseholdData {
  meterIds: readonly string[];
  /** Start of each half hour, ms since the epoch. */
  starts: readonly number[];
  /** By meter, Wh per half hour; undefined where the source is blank. */
  wh: ReadonlyMap<string, readonly (number | undefined)[]>;
}

const FILE = join(import.meta.dirname, '../../local/fleet/data/meters.csv.gz');

/** @throws when the repository's copy of the data is not there. */
export const householdData = (): HouseholdData => {
  if (!existsSync(FILE)) throw new Error(`${FILE} is missing`);
  const [header = '', ...lines] = gunzipSync(readFileSync(FILE)).toString('utf8').trimEnd().split('\n');
  const columns = header.split(',');
  const meterIds = columns.filter((name) => /^m\d{3}$/.test(name));
  const rows = lines.map((line) => line.split(','));
  return {
    meterIds,
    starts: rows.map(([time]) => Date.parse(time ?? '')),
    wh: new Map(
      meterIds.map((id) => {
        const column = columns.indexOf(id);
        return [id, rows.map((row) => (row[column] === '' ? undefined : Math.round(Number(row[column]) * 1000)))];
      }),
    ),
  };
};
