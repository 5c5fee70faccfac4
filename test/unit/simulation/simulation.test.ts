import type { Mutant } from '../../simulation/mutants.ts';
import { runSeed } from '../../simulation/world.ts';

const seeds = (count: number) => Array.from({ length: count }, (_, i) => i + 1);

test('seeds of crashes, faults, throttles, reshards and repetitions end without a violation', async () => {
  let wrong = 0;
  for (const seed of seeds(15)) {
    const report = await runSeed(seed);
    expect([seed, report.violations]).toEqual([seed, []]);
    wrong += report.wrong;
  }
  // Something has to go wrong for the seeds to say anything.
  expect(wrong).toBeGreaterThan(100);
});

// The rarer faults are found by `npm run simulate -- --mutants`, which runs in CI.
test.each(['acknowledge-first', 'checkpoint-first', 'forget-refused', 'increment-sums'] as const)(
  'the fault %s is found, and its seed replays it exactly',
  async (mutant: Mutant) => {
    for (const seed of seeds(60)) {
      const report = await runSeed(seed, mutant);
      if (report.violations.length === 0) continue;
      expect(await runSeed(seed, mutant)).toEqual(report);
      expect((await runSeed(seed)).violations).toEqual([]);
      return;
    }
    throw new Error('no seed found it');
  },
);
