import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { MUTANT_NAMES, type Mutant } from './mutants.ts';
import { runSeed, type SeedReport } from './world.ts';

const HELP = `npm run simulate -- [--seeds N] [--from N] [--seed N] [--mutant NAME] [--mutants] [--json FILE]

Runs the whole pipeline in one process and virtual time, once per seed: devices, broker, stream, mapping, the real use cases over
stores in memory. Messages are dropped, delayed up to 48 h and repeated, requests throttled and put in part, shards split and merged,
processes killed between any two effects. At rest nothing acknowledged may be lost, nothing invented or counted twice, every
sum has to equal an oracle's, and what is wrong has to be in quarantine with its reasons.

  --seeds N      how many (default 2000)
  --from N       the first of them (default 1)
  --seed N       this one alone, twice: shows its violations and whether it took the same course again
  --mutant NAME  with a fault built in: ${MUTANT_NAMES.join(', ')}
  --mutants      each fault until a seed finds it; fails if none of the seeds does
  --json FILE    write what passed and failed`;

const { values: options } = parseArgs({
  options: {
    seeds: { type: 'string', default: '2000' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    mutant: { type: 'string' },
    mutants: { type: 'boolean', default: false },
    json: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

const mutantOf = (name: string | undefined): Mutant | undefined => {
  const found = MUTANT_NAMES.find((each) => each === name);
  if (name !== undefined && !found) {
    console.error(`no fault is called ${name}; there are ${MUTANT_NAMES.join(', ')}`);
    process.exit(2);
  }
  return found;
};

/** Runs seeds on every core. `onReport` may end it by answering true. */
async function runAll(
  range: { from: number; seeds: number; mutant: Mutant | undefined },
  onReport: (report: SeedReport) => boolean,
): Promise<void> {
  const workers = Math.max(1, Math.min(availableParallelism(), range.seeds));
  const end = range.from + range.seeds;
  let next = range.from;
  let enough = false;
  const runs = Array.from({ length: workers }, async () => {
    const worker = new Worker(new URL(import.meta.url), { workerData: { mutant: range.mutant } });
    const done = new Promise<void>((resolve, reject) => {
      const giveSeed = () => {
        if (enough || next >= end) resolve();
        else worker.postMessage(next++);
      };
      worker.on('error', reject);
      worker.on('message', (report: SeedReport) => {
        enough = onReport(report) || enough;
        giveSeed();
      });
      giveSeed();
    });
    await done.finally(() => worker.terminate());
  });
  await Promise.all(runs);
}

const replayLine = ({ seed, violations }: SeedReport, mutant: Mutant | undefined): string =>
  `seed ${seed}: ${violations.slice(0, 3).join('; ')}${violations.length > 3 ? `; and ${violations.length - 3} more` : ''}
  replay: npm run simulate -- --seed ${seed}${mutant === undefined ? '' : ` --mutant ${mutant}`}`;

const progress = (done: number, of: number): void => {
  if (!process.stderr.isTTY) return;
  const width = 40;
  const full = Math.floor((width * done) / of);
  process.stderr.write(
    `\r[${'#'.repeat(full)}${'.'.repeat(width - full)}] ${done}/${of} seeds${done === of ? '\n' : ''}`,
  );
};

async function manySeeds(): Promise<boolean> {
  const [from, seeds, mutant] = [Number(options.from), Number(options.seeds), mutantOf(options.mutant)];
  const sum = { done: 0, failed: 0, messages: 0, effects: 0, wrong: 0 };
  const startedAt = performance.now();
  await runAll({ from, seeds, mutant }, (report) => {
    sum.done += 1;
    sum.messages += report.messages;
    sum.effects += report.effects;
    sum.wrong += report.wrong;
    if (report.violations.length > 0) {
      sum.failed += 1;
      if (sum.failed <= 5) console.log(`\n${replayLine(report, mutant)}`);
    }
    progress(sum.done, seeds);
    return false;
  });
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(0);
  console.log(
    `${sum.done - sum.failed} of ${sum.done} seeds without a violation: ${sum.messages} messages, ${sum.effects} effects, ${sum.wrong} crashes and faults, ${seconds} s`,
  );
  if (options.json !== undefined) {
    writeFileSync(
      options.json,
      JSON.stringify({ numPassedTests: sum.done - sum.failed, numFailedTests: sum.failed, ...sum }),
    );
  }
  return sum.failed === 0 && sum.done > 0;
}

async function oneSeed(seed: number): Promise<boolean> {
  const mutant = mutantOf(options.mutant);
  const [first, again] = [await runSeed(seed, mutant), await runSeed(seed, mutant)];
  for (const violation of first.violations) console.log(violation);
  const same = JSON.stringify(first) === JSON.stringify(again);
  console.log(
    `seed ${seed}: ${first.violations.length} violations, ${first.effects} effects, ${first.wrong} crashes and faults, course ${first.digest.slice(0, 16)}, ${same ? 'the same' : 'ANOTHER'} when run again`,
  );
  return same && first.violations.length === 0;
}

/** Each fault has to be found, and has to be found again by its seed. */
async function everyMutant(): Promise<boolean> {
  const seeds = Number(options.seeds);
  let missed = 0;
  for (const mutant of MUTANT_NAMES) {
    let found: SeedReport | undefined;
    let tried = 0;
    await runAll({ from: Number(options.from), seeds, mutant }, (report) => {
      tried += 1;
      if (report.violations.length > 0) found ??= report;
      return found !== undefined;
    });
    const again = found && (await runSeed(found.seed, mutant));
    const replayed = found !== undefined && JSON.stringify(found) === JSON.stringify(again);
    if (!replayed) missed += 1;
    console.log(
      found
        ? `${mutant}: found after ${tried} seeds, ${replayed ? 'and replayed' : 'but NOT replayed'}\n  ${replayLine(found, mutant)}`
        : `${mutant}: NOT FOUND by ${tried} seeds`,
    );
  }
  if (options.json !== undefined) {
    writeFileSync(
      options.json,
      JSON.stringify({ numPassedTests: MUTANT_NAMES.length - missed, numFailedTests: missed }),
    );
  }
  return missed === 0;
}

if (isMainThread) {
  if (options.help) console.log(HELP);
  else {
    const good = options.mutants
      ? await everyMutant()
      : options.seed === undefined
        ? await manySeeds()
        : await oneSeed(Number(options.seed));
    process.exitCode = good ? 0 : 1;
  }
} else {
  parentPort?.on('message', async (seed: number) => {
    parentPort?.postMessage(await runSeed(seed, workerData.mutant));
  });
}
