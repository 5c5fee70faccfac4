import { readdirSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { Figure, Suite } from './figure.ts';

const { values, positionals } = parseArgs({ allowPositionals: true, options: { json: { type: 'string' } } });

const folder = `${import.meta.dirname}/suites`;
const suites: Suite[] = await Promise.all(
  readdirSync(folder)
    .filter((file) => file.endsWith('.ts'))
    .map(async (file) => (await import(`${folder}/${file}`)) as Suite),
);
const unknown = positionals.filter((name) => !suites.some((suite) => suite.name === name));
if (unknown.length > 0) {
  console.error(`no suite ${unknown.join(', ')}; there are ${suites.map(({ name }) => name).join(', ')}`);
  process.exit(2);
}

const results: Record<string, Record<string, Figure>> = {};
for (const suite of suites) {
  if (positionals.length > 0 && !positionals.includes(suite.name)) continue;
  const startedAt = performance.now();
  const say = (line: string) =>
    console.log(`${suite.name} ${((performance.now() - startedAt) / 1000).toFixed(1).padStart(6)} s  ${line}`);
  results[suite.name] = await suite.run(say);
}
for (const [suite, cases] of Object.entries(results)) {
  for (const [name, { value, unit, ratio }] of Object.entries(cases)) {
    const times = ratio === undefined ? '' : `  ${ratio.toFixed(1)}× the baseline`;
    const rounded = value.toLocaleString('en', { maximumFractionDigits: value < 100 ? 2 : 0 });
    console.log(`${`${suite}: ${name}`.padEnd(40)} ${rounded.padStart(12)} ${unit}${times}`);
  }
}
if (values.json) writeFileSync(values.json, `${JSON.stringify(results, null, 2)}\n`);
