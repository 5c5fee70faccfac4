import * as fc from 'fast-check';
import { binFeatures } from '../../../models/forecast/trees/feature-bins.ts';
import { markOf, stepsOf, weightOfSteps } from '../../../models/forecast/trees/gradient-histograms.ts';
import { quantileMarker, squaredMarker, unitOf } from '../../../models/forecast/trees/row-marks.ts';
import { treeGrower } from '../../../models/forecast/trees/tree-grower.ts';

const UNITS = { weight: 1, gradient: 1 };

test('a sum of marks is the sum of weights and the sum of gradients', () => {
  const most = 2 ** 20;
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 0, max: most }), fc.integer({ min: -most, max: most })), { maxLength: 60 }),
      (rows) => {
        const sum = rows.reduce((total, [weight, gradient]) => total + markOf(weight, gradient), 0);
        const steps = stepsOf(sum);
        expect(weightOfSteps(steps)).toBe(rows.reduce((total, [weight]) => total + weight, 0));
        expect(sum - steps).toBe(rows.reduce((total, [, gradient]) => total + gradient, 0));
      },
    ),
  );
});

test('marks stand for weights and gradients to a part in tens of thousands', () => {
  const weights = Float32Array.from({ length: 1000 }, (_, row) => 0.5 ** (row / 400));
  const residuals = Float64Array.from({ length: 1000 }, (_, row) => ((row * 7919) % 1009) - 500);
  for (const [marker, gradientOf] of [
    [squaredMarker(weights), (residual: number) => -residual],
    [quantileMarker(weights, 0.9), (residual: number) => (residual > 0 ? -0.9 : 1 - 0.9)],
  ] as const) {
    const units = marker.mark(residuals);
    for (const [row, mark] of marker.marks.entries()) {
      const weight = weights[row] as number;
      const gradient = gradientOf(residuals[row] as number) * weight;
      const steps = stepsOf(mark);
      expect(Math.abs(weightOfSteps(steps) * units.weight - weight)).toBeLessThan(1e-4);
      expect(Math.abs((mark - steps) * units.gradient - gradient)).toBeLessThan(0.02);
    }
  }
});

test('weights of 1 count rows', () => {
  const marker = squaredMarker(new Float32Array(777).fill(1));
  const { weight } = marker.mark(new Float64Array(777));
  expect(marker.marks.map((mark) => weightOfSteps(stepsOf(mark)) * weight)).toEqual(new Float64Array(777).fill(1));
});

test('more rows than a sum can hold are refused', () => {
  expect(unitOf(3e6, 2 ** 26, 3e6)).toBe(2 ** -4);
  expect(() => unitOf(1, 2 ** 26, 2 ** 25)).toThrow(/more than the 33554432/);
});

const cases = fc
  .record({
    features: fc.integer({ min: 1, max: 9 }),
    values: fc.integer({ min: 2, max: 12 }),
    rows: fc.array(
      fc.tuple(fc.integer({ min: 0 }), fc.integer({ min: -50, max: 50 }), fc.integer({ min: 1, max: 5 })),
      {
        minLength: 8,
        maxLength: 60,
      },
    ),
    minLeaf: fc.integer({ min: 1, max: 9 }),
    l2: fc.integer({ min: 0, max: 3 }),
  })
  .map(({ features, values, rows, minLeaf, l2 }) => ({
    matrix: binFeatures(
      Array.from({ length: features }, (_, feature) =>
        Float64Array.from(rows, ([seed]) => {
          const value = (Math.imul(seed + 1, 2654435761 + 97 * feature) >>> 8) % values;
          return value === 0 && feature % 2 === 1 ? Number.NaN : value;
        }),
      ),
    ),
    gradients: rows.map(([, gradient]) => gradient),
    weights: rows.map(([, , weight]) => weight),
    minLeaf,
    l2,
  }));

test('the first split is the best that trying each finds', () => {
  let split = 0;
  fc.assert(
    fc.property(cases, ({ matrix, gradients, weights, minLeaf, l2 }) => {
      const { rows, features, bins } = matrix;
      const every = Int32Array.from({ length: rows }, (_, row) => row);
      const scoreOf = (part: Int32Array) => {
        const weight = part.reduce((sum, row) => sum + (weights[row] as number), 0);
        const gradient = part.reduce((sum, row) => sum + (gradients[row] as number), 0);
        return weight < minLeaf ? Number.NEGATIVE_INFINITY : gradient ** 2 / (weight + l2);
      };
      const gainOf = (feature: number, bin: number) => {
        const isLeft = (row: number) => (bins[feature * rows + row] as number) <= bin;
        return scoreOf(every.filter(isLeft)) + scoreOf(every.filter((row) => !isLeft(row))) - scoreOf(every);
      };
      const tried = Array.from({ length: features }, (_, feature) =>
        Array.from({ length: 13 }, (_, bin) => gainOf(feature, bin)),
      ).flat();
      const best = Math.max(...tried.filter((gain) => !Number.isNaN(gain)));
      const tree = treeGrower(matrix, { maxLeaves: 2, minLeafWeight: minLeaf, l2 }).grow(
        { sample: every, others: new Int32Array() },
        Int32Array.from({ length: features }, (_, feature) => feature),
        Float64Array.from(gradients, (gradient, row) => markOf(weights[row] as number, gradient)),
        UNITS,
      );
      if (tree.leaves === 1) return expect(best).toBeLessThan(1e-9);
      split++;
      expect(gainOf(tree.feature[0] as number, tree.bin[0] as number)).toBeCloseTo(best, 6);
    }),
  );
  expect(split).toBeGreaterThan(20);
});

test('rows of the sample and the others are each in the leaf that their bins lead to', () => {
  fc.assert(
    fc.property(cases, fc.integer({ min: 1, max: 3 }), ({ matrix, gradients, weights, minLeaf, l2 }, nth) => {
      const { rows, features, bins } = matrix;
      const every = Int32Array.from({ length: rows }, (_, row) => row);
      const grower = treeGrower(matrix, { maxLeaves: 6, minLeafWeight: minLeaf, l2 });
      const marks = Float64Array.from(gradients, (gradient, row) => markOf(weights[row] as number, gradient));
      // Different features each time, so that what one tree leaves behind would show in the next.
      for (let round = 0; round < 3; round++) {
        const parts = {
          sample: every.filter((row) => row % nth === 0),
          others: every.filter((row) => row % nth !== 0),
        };
        const chosen = Int32Array.from({ length: features }, (_, feature) => feature).filter(
          (feature) => features < 3 || feature % 3 !== round,
        );
        const tree = grower.grow(parts, chosen, marks, UNITS);
        for (const name of ['sample', 'others'] as const) {
          const seen: number[] = [];
          for (let leaf = 0; leaf < tree.leaves; leaf++) {
            for (const row of tree[name].rows.subarray(tree[name].from[leaf], tree[name].to[leaf])) {
              let node = 0;
              for (let feature = tree.feature[0] as number; feature >= 0; feature = tree.feature[node] as number) {
                expect(chosen).toContain(feature);
                const goesRight = (bins[feature * rows + row] as number) > (tree.bin[node] as number);
                node = (tree.left[node] as number) + Number(goesRight);
              }
              expect(tree.leafOf[node]).toBe(leaf);
              seen.push(row);
            }
          }
          expect(seen.sort((a, b) => a - b)).toEqual([...parts[name]]);
        }
      }
    }),
  );
});
