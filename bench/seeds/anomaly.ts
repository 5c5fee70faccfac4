import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { BLANK, INTERVAL_MS, type MeterColumn, readSource, SOURCE_START_MS } from '../../local/fleet/data/source.ts';

/** Households, and days of each: two segments of what the forest learns from. */
const METERS = 12;
const DAYS = 168;
const INTERVALS = DAYS * 48;
const MIN_PRESENT = 0.95;

/** Writes the readings that the first anomaly model is trained on: `npm run seed:anomaly`. */
const folder = join(import.meta.dirname, '../../models/anomaly/seed/train/readings');
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
/** The last whole days of a household, from a midnight of the source's zone on. */
const spanOf = ({ valuesWh, end }: MeterColumn) => {
  const from = 48 * Math.floor((end - INTERVALS) / 48);
  return { from, valuesWh: valuesWh.subarray(from, from + INTERVALS) };
};
// Every fourth, so that most households of the replay stay unknown to the seed.
const chosen = readSource()
  .map((meter) => ({ meterId: meter.meterId, ...spanOf(meter) }))
  .filter(({ valuesWh }) => valuesWh.filter((wh) => wh !== BLANK).length > MIN_PRESENT * INTERVALS)
  .filter((_, n) => n % 4 === 0)
  .slice(0, METERS);
for (const { meterId, from, valuesWh } of chosen) {
  const lines = ['time,value'];
  valuesWh.forEach((wh, n) => {
    const time = new Date(SOURCE_START_MS + (from + n) * INTERVAL_MS).toISOString().slice(0, 16);
    lines.push(`${time}Z,${wh === BLANK ? '' : wh}`);
  });
  writeFileSync(join(folder, `${meterId}.csv.gz`), gzipSync(`${lines.join('\n')}\n`, { level: 9 }));
}
console.log(`${chosen.length} households of ${DAYS} days in ${folder}`);
