import { FAULT_CLASSES, type FaultLabel } from '../../../layers/contracts/models/anomaly.ts';
import { anomalyLoss } from '../../../layers/domain/models/anomaly-loss.ts';
import { guardsOf, lossOf } from '../../../layers/domain/models/guards.ts';

const example = (label: FaultLabel) => ({
  id: 'm1/x',
  block: 'm1',
  request: {
    windows: [
      { meterId: 'm1', timeZone: 'UTC', start: '2026-01-01T00:00:00Z', intervalMinutes: 60, imported: [1, null, 2] },
    ],
  },
  label,
});
const faults = (over: Partial<Record<(typeof FAULT_CLASSES)[number], number>>) => ({
  ...Object.fromEntries(FAULT_CLASSES.map((fault) => [fault, 0])),
  ...over,
});
const answer = (score: number, shares: ReturnType<typeof faults>, meterId = 'm1') => ({
  modelVersion: 'v',
  windows: [
    {
      meterId,
      day: '2026-01-01',
      score,
      forest: score,
      faults: shares,
      likeliest: null,
      since: null,
      historyDays: 1,
      explanation: [],
    },
  ],
});

/** What a model says of a grid in which one day in 100 is faulty, and what is 0.6 where every second one is: 0.6 / (0.6 + 0.4 · 99). */
const inGrid = (score: number): number => score / (score + (1 - score) * 99);

test.each<[FaultLabel, number, ReturnType<typeof faults>, number, number]>([
  // (0.6 − 1)² = 0.16; ½ ((0.5 − 1)² + 0.1² + (1 − 0.6)²) = ½ (0.25 + 0.01 + 0.16) = 0.21
  ['theft', 0.6, faults({ theft: 0.5, drift: 0.1 }), 0.16, 0.21],
  // (0.6 − 0)² = 0.36; ½ (0.5² + 0.1² + (0.4 − 1)²) = ½ (0.25 + 0.01 + 0.36) = 0.31
  ['normal', 0.6, faults({ theft: 0.5, drift: 0.1 }), 0.36, 0.31],
  ['normal', 0, faults({}), 0, 0],
])('of %s', (label, score, shares, detection, classification) => {
  const { losses, id, block } = anomalyLoss(
    example(label),
    answer(
      inGrid(score),
      faults(
        Object.fromEntries(
          Object.entries(shares).map(([fault, share]) => [fault, score > 0 ? (share * inGrid(score)) / score : 0]),
        ),
      ),
    ),
  );
  expect([id, block]).toEqual(['m1/x', 'm1']);
  expect(losses.detection).toBeCloseTo(detection, 12);
  expect(losses.classification).toBeCloseTo(classification, 12);
  expect(losses[`detection_${label}`]).toBe(losses.detection);
});

test('an answer of another meter, of probabilities that do not add up, or of none is no answer', () => {
  expect(() => anomalyLoss(example('theft'), answer(0.5, faults({ theft: 0.5 }), 'm2'))).toThrow('answered m2');
  expect(() => anomalyLoss(example('theft'), answer(0.5, faults({ theft: 0.4 })))).toThrow('are not the score');
  expect(() => anomalyLoss(example('theft'), { windows: [] })).toThrow('modelVersion');
});

test('the gate of each model measures what its guards name', () => {
  const { losses } = lossOf('anomaly')(example('theft'), answer(0.5, faults({ theft: 0.5 })));
  expect(guardsOf('anomaly').length).toBeGreaterThan(1);
  for (const guard of guardsOf('anomaly')) expect(losses[guard]).toBeGreaterThan(0);
});
