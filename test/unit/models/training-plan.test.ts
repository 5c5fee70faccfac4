import fc from 'fast-check';
import { trainingPlan } from '../../../layers/domain/models/training-plan.ts';

const planned = ({
  candidates,
  budgetMinutes,
  folds = 3,
}: {
  candidates: number;
  budgetMinutes: number;
  folds?: number;
}) =>
  trainingPlan(
    {
      model: 'forecast',
      execution: 'e1',
      startedAt: '2026-01-01T00:00:00.000Z',
      budgetMinutes,
      candidates: Array.from({ length: candidates }, (_, n) => ({ weeks: String(n + 1) })),
    },
    {
      dataVersion: 'd1',
      trainedOn: { from: '2025-01-01T00:00:00.000Z', to: '2026-01-01T00:00:00.000Z', series: 3, labels: 0 },
      folds,
      uri: (fold, part) => `s3://b/${fold}/${part}/`,
      output: 's3://b/runs',
    },
  );

test('every candidate is tried on every fold but the newest, and each run knows of how many it is one', () => {
  const { jobs, maxRuntimeSeconds } = planned({ candidates: 4, budgetMinutes: 30 });
  expect(jobs.map(({ hyperparameters, fold }) => `${hyperparameters.weeks} on ${fold}`)).toEqual(
    [0, 1].flatMap((fold) => [1, 2, 3, 4].map((weeks) => `${weeks} on ${fold}`)),
  );
  expect(new Set(jobs.map(({ plannedRuns }) => plannedRuns))).toEqual(new Set([9]));
  // Four turns of two backtests and the final share half an hour.
  expect(maxRuntimeSeconds).toBe(360);
});

test('the time of all turns is never more than the budget, however small', () => {
  const sizes = {
    candidates: fc.integer({ min: 1, max: 50 }),
    budgetMinutes: fc.integer({ min: 1, max: 1440 }),
    folds: fc.integer({ min: 2, max: 4 }),
  };
  fc.assert(
    fc.property(fc.record(sizes), (asked) => {
      const { jobs, maxRuntimeSeconds } = planned(asked);
      expect((Math.ceil(jobs.length / 2) + 1) * maxRuntimeSeconds).toBeLessThanOrEqual(asked.budgetMinutes * 60);
      expect(maxRuntimeSeconds).toBeGreaterThan(0);
      expect(jobs.length % (asked.folds - 1)).toBe(0);
    }),
  );
});

test('a minute is enough for the first candidate alone', () => {
  const { jobs, maxRuntimeSeconds } = planned({ candidates: 50, budgetMinutes: 1 });
  expect(jobs.map(({ hyperparameters }) => hyperparameters.weeks)).toEqual(['1', '1']);
  expect(maxRuntimeSeconds).toBe(30);
});
