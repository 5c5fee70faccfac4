import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { Stack } from '../harness/stack.ts';
import { Publisher } from './publisher.ts';

const HELP = `npm run torture -- [--rounds N] [--seed N] [--port-base N] [--state DIR] [--json FILE]

Starts the stack, publishes readings with acknowledgements (QoS 1) and kills the whole process tree with SIGKILL at random
moments. After each restart every acknowledged reading must be in the API exactly once, with its value.

  --rounds N     kills (default 20)
  --seed N       of the moments (default 1)
  --port-base N  where the stack listens (default 9400)
  --state DIR    the stack's state, emptied first (default .cache/torture)
  --json FILE    write what passed and failed`;

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '20' },
    seed: { type: 'string', default: '1' },
    'port-base': { type: 'string', default: '9400' },
    state: { type: 'string', default: '.cache/torture' },
    json: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

if (options.help) {
  console.log(HELP);
  process.exit(0);
}

/** mulberry32: the moments of a seed are the same on every machine. */
const seeded = (seed: number) => () => {
  seed = (seed + 0x6d2b79f5) | 0;
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
};

const rounds = Number(options.rounds);
const random = seeded(Number(options.seed));
const stack = new Stack({ portBase: Number(options['port-base']), stateDir: options.state });
const publisher = new Publisher(stack);
let failed = 0;

await stack.start({ fresh: true });
for (let round = 1; round <= rounds; round++) {
  const endpoints = stack.endpoints();
  const publishing = publisher.run(endpoints);
  const killAfterMs = 500 + Math.floor(random() * 4_000);
  await new Promise((resolve) => setTimeout(resolve, killAfterMs));
  await stack.kill();
  const acknowledged = await publishing;
  const readyMs = await stack.start({ fresh: false });
  const wrong = await publisher.check(stack.endpoints());
  if (wrong.length > 0) failed += 1;
  console.log(
    `round ${round}/${rounds}: killed after ${killAfterMs} ms, ${acknowledged} acknowledged in all, ready again in ${(readyMs / 1000).toFixed(1)} s: ${
      wrong.length === 0 ? 'every one stored once' : `${wrong.length} WRONG: ${wrong.slice(0, 5).join('; ')}`
    }`,
  );
}
await stack.stop();
if (options.json !== undefined)
  writeFileSync(options.json, JSON.stringify({ numPassedTests: rounds - failed, numFailedTests: failed }));
console.log(`${rounds - failed} rounds passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
