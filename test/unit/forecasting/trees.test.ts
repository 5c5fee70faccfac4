import * as fc from 'fast-check';
import { boost, weightedQuantile } from '../../../models/forecast/trees/boosting.ts';
import { binFeatures, binsOf } from '../../../models/forecast/trees/feature-bins.ts';
import { drawer, seededRandom } from '../../../models/forecast/trees/seeded-random.ts';
import { predictTrees } from '../../../models/forecast/trees/tree-ensemble.ts';

const OPTIONS = {
  loss: { kind: 'squared' } as const,
  trees: 6,
  learningRate: 0.3,
  maxLeaves: 5,
  minLeafWeight: 8,
  l2: 1.5,
  rowShare: 1,
  featureShare: 1,
  seed: 1,
};
const ROWS = 240;
const columns = [13, 17, 23].map((modulus, index) =>
  Float64Array.from({ length: ROWS }, (_, row) => (row * ([7, 11, 5][index] as number)) % modulus),
) as [Float64Array, Float64Array, Float64Array];
const target = Float64Array.from(
  columns[0],
  (x, row) => (x * x) / 10 - 3 * ((columns[1][row] as number) > 8 ? 1 : 0) + ((columns[2][row] as number) % 5),
);
const ones = new Float32Array(ROWS).fill(1);
const rowOf = (row: number) => Float64Array.from(columns, (column) => column[row] as number);

test('boosted trees are those of scikit-learn', () => {
  // scikit-learn 1.5+: HistGradientBoostingRegressor(max_iter=6, learning_rate=0.3, max_leaf_nodes=5, min_samples_leaf=8,
  // l2_regularization=1.5, early_stopping=False) fitted on these columns; predict(X[:12]).
  const expected = [
    2.500739, 3.753698, 2.500739, 4.982367, 0.454678, 8.825113, 0.454678, 8.656207, 3.351531, 11.129651, 4.921449,
    13.484773,
  ];
  const trees = boost(binFeatures(columns), target, ones, OPTIONS);
  const found = expected.map((_, row) => predictTrees(trees, rowOf(row)));
  found.forEach((one, row) => {
    expect(one).toBeCloseTo(expected[row] as number, 4);
  });
});

test('a quantile loss leaves its share below', () => {
  const noise = Float64Array.from({ length: 2000 }, (_, row) => ((row * 7919) % 2003) / 2003);
  const x = Float64Array.from({ length: 2000 }, (_, row) => row % 2);
  const y = noise.map((one, row) => one * (1 + 9 * (x[row] as number)));
  const loss = { kind: 'quantile', level: 0.9 } as const;
  const weights = new Float32Array(2000).fill(1);
  const trees = boost(binFeatures([x]), y, weights, { ...OPTIONS, loss, trees: 40 });
  expect(predictTrees(trees, Float64Array.of(0))).toBeCloseTo(0.9, 1);
  expect(Math.abs(predictTrees(trees, Float64Array.of(1)) - 9)).toBeLessThan(0.2);
});

test('a missing value goes where the missing ones of training went', () => {
  const x = Float64Array.from({ length: 200 }, (_, row) => (row % 2 === 0 ? Number.NaN : row));
  const y = x.map((one) => (Number.isNaN(one) ? 5 : 1));
  const trees = boost(binFeatures([x]), y, new Float32Array(200).fill(1), { ...OPTIONS, trees: 60, l2: 0 });
  expect(predictTrees(trees, Float64Array.of(Number.NaN))).toBeCloseTo(5, 3);
  expect(predictTrees(trees, Float64Array.of(77))).toBeCloseTo(1, 3);
});

test('rows and features are drawn by the seed alone', () => {
  const grown = (seed: number) =>
    boost(binFeatures(columns), target, ones, { ...OPTIONS, rowShare: 0.5, featureShare: 0.67, seed });
  expect(grown(3)).toEqual(grown(3));
  expect(grown(3)).not.toEqual(grown(4));
});

test('a value is in the bin between its edges', () => {
  const edges = Float64Array.of(1, 2, 5);
  const values = Float64Array.of(Number.NaN, 0, 1, 1.5, 2, 5, 6, Number.POSITIVE_INFINITY);
  expect([...binsOf(edges, values)]).toEqual([0, 1, 1, 2, 2, 3, 4, 4]);
});

test('every value of up to 254 edges finds its bin', () => {
  const number = fc.integer({ min: -400, max: 400 });
  fc.assert(
    fc.property(
      fc.uniqueArray(number, { maxLength: 254 }),
      fc.array(fc.option(number, { nil: Number.NaN }), { minLength: 1, maxLength: 50 }),
      (unordered, values) => {
        const edges = Float64Array.from(unordered).sort();
        const expected = values.map((value) =>
          Number.isNaN(value) ? 0 : 1 + edges.filter((edge) => edge < value).length,
        );
        expect([...binsOf(edges, Float64Array.from(values))]).toEqual(expected);
      },
    ),
  );
});

test('a draw takes as many as asked for, each number once', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 0, max: 60 }), fc.integer(), (count, take, seed) => {
      const draw = drawer(seededRandom(seed), count, take);
      draw();
      const { sample, others } = draw();
      expect(sample).toHaveLength(Math.min(take, count));
      for (const part of [sample, others]) expect(part).toEqual(part.toSorted());
      expect([...sample, ...others].sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, at) => at));
    }),
  );
});

test('selection finds the quantile that sorting finds', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 1, max: 4 })), {
        minLength: 1,
        maxLength: 40,
      }),
      fc.integer({ min: 1, max: 99 }),
      (pairs, percent) => {
        const total = pairs.reduce((sum, [, weight]) => sum + weight, 0);
        const sorted = pairs.toSorted(([a], [b]) => a - b);
        let below = 0;
        const expected = sorted.find(([, weight]) => {
          below += weight;
          return below * 100 >= percent * total;
        });
        const found = weightedQuantile(
          Float64Array.from(pairs, ([value]) => value),
          Float64Array.from(pairs, ([, weight]) => weight * 100),
          pairs.length,
          percent / 100,
        );
        // A quantile that falls between two values may be either of them.
        const exact = sorted.some(
          (_, index) => sorted.slice(0, index).reduce((s, [, w]) => s + w, 0) * 100 === percent * total,
        );
        return exact || found === expected?.[0];
      },
    ),
  );
});
