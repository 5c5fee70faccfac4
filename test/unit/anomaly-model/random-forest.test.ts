import { randomSource } from '../../../layers/domain/anomalies/random-source.ts';
import { classShares, type ForestSettings, growForest } from '../../../models/anomaly/random-forest.ts';

const FEATURES = 4;
const ROWS = 400;
const TRAINED = 300;

/** Small whole numbers of xorshift32 from 42; two rules and a tenth of noise make the class. The first 300 rows are learned. */
const random = randomSource(42);
const rows = Array.from({ length: ROWS }, () => {
  const row = Array.from({ length: FEATURES }, () => Math.floor(random.next() * 20)) as [
    number,
    number,
    number,
    number,
  ];
  let own = 0;
  if (row[0] > 11 && row[1] <= 7) own = 1;
  else if (row[2] + row[3] > 27) own = 2;
  if (random.next() < 0.1) own = Math.floor(random.next() * 3);
  return { row, own };
});
const table = {
  values: Float64Array.from(rows.slice(0, TRAINED).flatMap(({ row }) => row)),
  features: FEATURES,
  classes: Uint8Array.from(rows.slice(0, TRAINED), ({ own }) => own),
  classCount: 3,
};
const held = rows.slice(TRAINED);
const grow = (settings: Partial<ForestSettings>) =>
  growForest(table, {
    trees: 1,
    maxDepth: 3,
    minLeaf: 5,
    featuresPerSplit: FEATURES,
    bootstrap: false,
    seed: 1,
    ...settings,
  });

test('a single tree is scikit-learn’s: DecisionTreeClassifier(max_depth=3, min_samples_leaf=5), version 1.9.1', () => {
  const tree = grow({});
  const inner = Array.from(tree.feature).filter((feature) => feature >= 0);
  expect(inner).toEqual([1, 0, 3, 1, 2, 3, 3]);
  // scikit-learn's last cut is at 12: no row of that node is between 11 and 13, and bins are those of all rows
  expect(Array.from(tree.threshold).filter((_, node) => (tree.feature[node] as number) >= 0)).toEqual([
    7.5, 11.5, 9.5, 1.5, 11.5, 17.5, 11.5,
  ]);
  // predict_proba of rows 300…304
  const expected = [
    [0.9428571428571428, 0.02857142857142857, 0.02857142857142857],
    [0.9380530973451328, 0.02654867256637168, 0.035398230088495575],
    [0.02564102564102564, 0.9743589743589743, 0],
    [0.9428571428571428, 0.02857142857142857, 0.02857142857142857],
    [0.9380530973451328, 0.02654867256637168, 0.035398230088495575],
  ];
  for (const [n, shares] of expected.entries()) {
    const found = classShares(tree, held[n]?.row ?? []);
    for (const [own, share] of shares.entries()) expect(found[own]).toBeCloseTo(share, 6);
  }
});

test('a forest is as good as scikit-learn’s on rows it has not seen', () => {
  // RandomForestClassifier(100, max_depth=8, min_samples_leaf=2, max_features=2), ten seeds: accuracy 0.932 ± 0.010
  const accuracies = [1, 2, 3, 4, 5].map((seed) => {
    const forest = grow({ trees: 100, maxDepth: 8, minLeaf: 2, featuresPerSplit: 2, bootstrap: true, seed });
    const right = held.filter(({ row, own }) => {
      const shares = Array.from(classShares(forest, row));
      return shares.indexOf(Math.max(...shares)) === own;
    });
    return right.length / held.length;
  });
  const mean = accuracies.reduce((sum, accuracy) => sum + accuracy, 0) / accuracies.length;
  expect(Math.abs(mean - 0.932)).toBeLessThan(0.02);
});

test('missing values are learned from: they go one way', () => {
  const values = Float64Array.from({ length: 40 }, (_, n) => (n < 20 ? Number.NaN : n));
  const classes = Uint8Array.from({ length: 40 }, (_, n) => (n < 20 ? 1 : 0));
  const forest = growForest(
    { values, features: 1, classes, classCount: 2 },
    { trees: 1, maxDepth: 2, minLeaf: 1, featuresPerSplit: 1, bootstrap: false, seed: 1 },
  );
  expect(Array.from(classShares(forest, [Number.NaN]))).toEqual([0, 1]);
  expect(Array.from(classShares(forest, [-1e9]))).toEqual([1, 0]);
});

test('weights count: a class that weighs nothing is never predicted', () => {
  const weights = Float64Array.from(table.classes, (own) => (own === 1 ? 0 : 1));
  const forest = growForest(
    { ...table, weights },
    { trees: 5, maxDepth: 6, minLeaf: 1, featuresPerSplit: 2, bootstrap: true, seed: 1 },
  );
  for (const { row } of held) expect(classShares(forest, row)[1]).toBe(0);
});

test('an aborted job stops between trees', () => {
  expect(() =>
    growForest(
      table,
      { trees: 5, maxDepth: 3, minLeaf: 5, featuresPerSplit: 2, bootstrap: true, seed: 1 },
      AbortSignal.abort(),
    ),
  ).toThrow('aborted');
});
