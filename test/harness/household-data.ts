import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliDecompressSync } from 'node:zlib';

/** Half-hourly energy of the fleet's source, read without any of the product's code. */
export interface HouseholdData {
  meterIds: readonly string[];
  /** Start of each half hour, ms since the epoch. */
  starts: readonly number[];
  /** By meter, Wh per half hour; undefined where the source is blank. */
  wh: ReadonlyMap<string, readonly (number | undefined)[]>;
}

const METERS = 50;
const INTERVALS = 32_208;
const START = Date.parse('2012-05-01T00:00:00+10:00');

/** Decodes the form that local/fleet/data/README.md states: a plane of high bytes, a plane of low bytes, 0xffff for blank. */
export const householdData = (): HouseholdData => {
  const planes = brotliDecompressSync(readFileSync(join(import.meta.dirname, '../../local/fleet/data/meters.br')));
  const meterIds = Array.from({ length: METERS }, (_, m) => `m${String(m + 1).padStart(3, '0')}`);
  const value = (n: number): number | undefined => {
    const wh = 256 * (planes[n] ?? 0) + (planes[METERS * INTERVALS + n] ?? 0);
    return wh === 65_535 ? undefined : wh;
  };
  return {
    meterIds,
    starts: Array.from({ length: INTERVALS }, (_, i) => START + i * 1_800_000),
    wh: new Map(meterIds.map((id, m) => [id, Array.from({ length: INTERVALS }, (_, i) => value(m * INTERVALS + i))])),
  };
};
