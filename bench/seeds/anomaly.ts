import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { MeterSeries } from '../../layers/domain/anomalies/meter-series.ts';
import { anomalyExamples } from '../../layers/domain/models/anomaly-training-set.ts';
import { BLANK, INTERVAL_MS, type MeterColumn, readSource, SOURCE_START_MS } from '../../local/fleet/data/source.ts';

/** Households, and days of each: two segments of what the forest learns from. */
const METERS = 12;
const DAYS = 168;
const INTERVALS = DAYS * 48;
const MIN_PRESENT = 0.95;
/** Households that it is measured on, and days of each: as many as a judgement looks at. */
const HELD_OUT = 8;
const HELD_OUT_DAYS = 60;
/** Clocks of the source stay where they are in summer. */
const TIME_ZONE = 'Australia/Brisbane';

/** Writes the readings that the first anomaly model is trained on, and what it is measured on: `npm run seed:anomaly`. */
const seed = join(import.meta.dirname, '../../models/anomaly/seed');
const [folder, validation] = [join(seed, 'train/readings'), join(seed, 'validation')];
for (const each of [folder, validation]) {
  rmSync(each, { recursive: true, force: true });
  mkdirSync(each, { recursive: true });
}
/** The last whole days of a household, from a midnight of the source's zone on. */
const spanOf = ({ valuesWh, end }: MeterColumn) => {
  const from = 48 * Math.floor((end - INTERVALS) / 48);
  return { from, valuesWh: valuesWh.subarray(from, from + INTERVALS) };
};
// Every fourth, so that most households of the replay stay unknown to the seed.
const usable = readSource()
  .map((meter) => ({ meterId: meter.meterId, ...spanOf(meter) }))
  .filter(({ valuesWh }) => valuesWh.filter((wh) => wh !== BLANK).length > MIN_PRESENT * INTERVALS);
const chosen = usable.filter((_, n) => n % 4 === 0).slice(0, METERS);
for (const { meterId, from, valuesWh } of chosen) {
  const lines = ['time,value'];
  valuesWh.forEach((wh, n) => {
    const time = new Date(SOURCE_START_MS + (from + n) * INTERVAL_MS).toISOString().slice(0, 16);
    lines.push(`${time}Z,${wh === BLANK ? '' : wh}`);
  });
  writeFileSync(join(folder, `${meterId}.csv.gz`), gzipSync(`${lines.join('\n')}\n`, { level: 9 }));
}
const heldOut = usable
  .filter((_, n) => n % 4 === 2)
  .slice(0, HELD_OUT)
  .map(({ meterId, from, valuesWh }): MeterSeries => {
    const skipped = INTERVALS - HELD_OUT_DAYS * 48;
    const imported = Float64Array.from(valuesWh.subarray(skipped), (wh) => (wh === BLANK ? Number.NaN : wh));
    return {
      meterId,
      timeZone: TIME_ZONE,
      start: SOURCE_START_MS + (from + skipped) * INTERVAL_MS,
      intervalMinutes: 30,
      imported,
      exported: new Float64Array(imported.length),
    };
  });
// Without the means of others, which would be most of the bytes: the harder question.
const examples = anomalyExamples(heldOut, []).map((example) => `${JSON.stringify(example)}\n`);
writeFileSync(join(validation, 'examples.jsonl.gz'), gzipSync(examples.join(''), { level: 9 }));
const times = chosen.flatMap(({ from }) => [from, from + INTERVALS].map((n) => SOURCE_START_MS + n * INTERVAL_MS));
const trainedOn = {
  from: new Date(Math.min(...times)).toISOString(),
  to: new Date(Math.max(...times)).toISOString(),
  series: chosen.length,
  labels: 0,
};
writeFileSync(join(seed, 'trained-on.json'), `${JSON.stringify(trainedOn, null, 2)}\n`);
console.log(
  `${chosen.length} households of ${DAYS} days in ${folder}; ${examples.length} examples of ${heldOut.length} others`,
);
