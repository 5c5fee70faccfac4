import { fitDayCurves, type PastDay, predictDayCurves } from '../../../models/forecast/kernel/day-curves.ts';
import { VECTOR_WIDTH } from '../../../models/forecast/kernel/day-vector.ts';

/** The sixth number never differs; the eighth of the day that is asked for is unknown. */
const vectorOf = (day: number, asked = false): Float64Array =>
  Float64Array.from({ length: VECTOR_WIDTH }, (_, index) => {
    if (index === 5) return 3;
    return asked && index === 7 ? Number.NaN : Math.sin(1.7 * day + 0.9 * index * (1 + (day % 3)));
  });
const curveOf = (day: number): Float64Array => {
  const vector = vectorOf(day);
  const alike = (vector[0] as number) * (vector[9] as number) * 0.3;
  return Float64Array.from(
    { length: 4 },
    (_, slot) => 0.1 * Math.cos(0.8 * day + slot) + alike + 0.1 * Math.sin(7 * day * day + 3 * slot),
  );
};
const past: PastDay[] = Array.from({ length: 40 }, (_, day) => ({ vector: vectorOf(day), curve: curveOf(day) }));

test('day curves are those of a Gaussian process regressor', () => {
  // scikit-learn 1.7: GaussianProcessRegressor(s²·DotProduct(√0.1) + s²·RBF(1.2) + WhiteKernel(s²·noise), optimizer=None) of the numbers less their
  // means, by their standard deviations, within ±4, times the counts of their groups; s² = yᵀK⁻¹y / (40·4); the noise whose
  // log_marginal_likelihood_value_ is greatest of 0.01, 0.03 … 100.
  const fitted = fitDayCurves(past, 4);
  if (fitted === undefined) throw new Error('nothing was fitted');
  const wanted = [-0.038792028375, -0.159669115192, -0.154258127502, -0.272440438029];
  for (const [slot, one] of predictDayCurves(fitted, vectorOf(40, true)).entries()) {
    expect(one).toBeCloseTo(wanted[slot] as number, 6);
  }
});

test('days that are mostly unknown teach nothing, single gaps count as the weekly profile', () => {
  const silent = { vector: vectorOf(41), curve: Float64Array.of(9, Number.NaN, Number.NaN, Number.NaN) };
  expect(fitDayCurves([...past, silent], 4)).toEqual(fitDayCurves(past, 4));
  const last = past[39] as PastDay;
  const [gap, zero] = [Number.NaN, 0].map((value) => {
    const curve = last.curve.slice();
    curve[2] = value;
    return fitDayCurves([...past.slice(0, 39), { ...last, curve }], 4);
  });
  expect(gap).toEqual(zero);
});

test('loads that never differ and too few days are answered without a number out of nowhere', () => {
  const always = past.map(() => ({ vector: new Float64Array(VECTOR_WIDTH).fill(1), curve: new Float64Array(4) }));
  const fitted = fitDayCurves(always, 4);
  if (fitted === undefined) throw new Error('nothing was fitted');
  expect([...predictDayCurves(fitted, vectorOf(3))]).toEqual([0, 0, 0, 0]);
  expect(fitDayCurves(past.slice(0, 27), 4)).toBeUndefined();
});
