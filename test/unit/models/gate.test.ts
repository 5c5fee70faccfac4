import fc from 'fast-check';
import { type ExampleLoss, judge, MIN_BLOCKS } from '../../../layers/domain/models/gate.ts';

/** Losses on 7 days of 3 examples; `shift` is added to each. */
const losses = (shift: (day: number, metric: string) => number): ExampleLoss[] =>
  Array.from({ length: 21 }, (_, n) => {
    const day = n % 7;
    return {
      id: `e${n}`,
      block: `day ${day}`,
      losses: { error: 1 + 0.1 * n + shift(day, 'error'), pinball: 0.5 + shift(day, 'pinball') },
    };
  });
const champion = losses(() => 0);
const metrics = ['error', 'pinball'];

test('better on every metric, by more than the days differ, passes', () => {
  const decision = judge({ champion, challenger: losses((day) => -0.1 - 0.01 * day), metrics });
  expect(decision).toMatchObject({ passed: true, blocks: 7, reason: 'better on error, pinball' });
  // Differences −0.10 … −0.16: mean −0.13, s 0.0216025, t(6) 1.943, so −0.13 + 1.943 · 0.0216025 / √7.
  expect(decision.comparisons[0]?.differenceAtMost).toBeCloseTo(-0.114135, 5);
});

test('better on one metric and worse on the other does not pass', () => {
  const challenger = losses((_, metric) => (metric === 'error' ? -0.3 : 0.01));
  expect(judge({ champion, challenger, metrics })).toMatchObject({
    passed: false,
    reason: 'not surely better on pinball',
  });
});

test('better in the mean by no more than chance does not pass', () => {
  const challenger = losses((day) => (day === 3 ? -1 : 0.05));
  const decision = judge({ champion, challenger, metrics });
  expect(decision.comparisons[0]?.challenger).toBeLessThan(decision.comparisons[0]?.champion ?? 0);
  expect(decision.passed).toBe(false);
});

test('the champion itself, too few blocks, an unanswered example, a missing figure', () => {
  expect(judge({ champion, challenger: champion, metrics }).passed).toBe(false);
  const fewer = (all: ExampleLoss[]) => all.filter(({ block }) => Number(block.slice(4)) < MIN_BLOCKS - 1);
  const better = losses(() => -0.2);
  expect(judge({ champion: fewer(champion), challenger: fewer(better), metrics }).reason).toContain('too few');
  // A day alone gives no interval, and what is kept of the decision must be numbers.
  const oneDay = (all: ExampleLoss[]) => all.filter(({ block }) => block === 'day 0');
  expect(judge({ champion: oneDay(champion), challenger: oneDay(better), metrics })).toMatchObject({
    passed: false,
    blocks: 1,
    comparisons: [],
  });
  expect(judge({ champion, challenger: better.slice(1), metrics }).reason).toContain('1 of 21 examples unanswered');
  expect(judge({ champion: [], challenger: [], metrics }).passed).toBe(false);
  expect(() => judge({ champion, challenger: better, metrics: ['bias'] })).toThrow('has no bias');
  expect(() => judge({ champion, challenger: better, metrics: [] })).toThrow('without guard metrics');
});

test('a challenger that is worse everywhere never passes', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0, max: 5, noNaN: true }), { minLength: 7, maxLength: 7 }), (worse) => {
      expect(judge({ champion, challenger: losses((day) => worse[day] ?? 0), metrics }).passed).toBe(false);
    }),
  );
});
