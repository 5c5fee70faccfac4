import {
  type DayOutlook,
  fitDayCurves,
  type PastDay,
  predictDayCurves,
} from '../../../models/forecast/kernel/day-curves.ts';
import { VECTOR_WIDTH } from '../../../models/forecast/kernel/day-vector.ts';

const bySlot = (of: (slot: number) => number) => Float64Array.from({ length: 4 }, (_, slot) => of(slot));

/** The sixth number of a vector never differs. */
const outlookOf = (day: number): DayOutlook => ({
  vector: Float64Array.from({ length: VECTOR_WIDTH }, (_, index) =>
    index === 5 ? 3 : Math.sin(1.7 * day + 0.9 * index * (1 + (day % 3))),
  ),
  profile: bySlot((slot) => 1 + 0.2 * Math.cos(day + slot)),
  recent: bySlot((slot) => 1 + 0.1 * Math.sin(day * slot)),
});
const pastDay = (day: number): PastDay => {
  const outlook = outlookOf(day);
  const alike = (outlook.vector[0] as number) * (outlook.vector[9] as number) * 0.3;
  const load = bySlot(
    (slot) =>
      1 +
      0.1 * Math.cos(0.8 * day + slot) +
      alike +
      0.1 * Math.sin(7 * day * day + 3 * slot) +
      0.3 * ((outlook.profile[slot] as number) - 1),
  );
  return { ...outlook, load };
};
const past = Array.from({ length: 40 }, (_, day) => pastDay(day));

test('day curves are those of a Gaussian process regressor', () => {
  // scikit-learn 1.7: GaussianProcessRegressor(s²·DotProduct(√0.1) + s²·RBF(1.2) + WhiteKernel(s²·noise), optimizer=None) of the vectors less their
  // means, by their standard deviations, within ±4, times the counts of their groups, for the load less share · profile + (1 - share) · recent;
  // s² = yᵀK⁻¹y / (40 · 4); the share of 0.5 and 0 and the noise of 0.01, 0.03 … 100 whose log_marginal_likelihood_value_ is greatest.
  const fitted = fitDayCurves(past, 4);
  if (fitted === undefined) throw new Error('nothing was fitted');
  expect(fitted.profileShare).toBe(0.5);
  const asked = outlookOf(40);
  asked.vector[7] = Number.NaN;
  const wanted = [0.859772571093, 0.750877171267, 0.752476399075, 0.831157608285];
  for (const [slot, one] of predictDayCurves(fitted, asked).entries()) {
    expect(one).toBeCloseTo(wanted[slot] as number, 6);
  }
});

test('days that are mostly unknown teach nothing, single gaps count as what was expected beforehand', () => {
  const silent = { ...outlookOf(41), load: Float64Array.of(9, Number.NaN, Number.NaN, Number.NaN) };
  expect(fitDayCurves([...past, silent], 4)).toEqual(fitDayCurves(past, 4));
  const last = past[39] as PastDay;
  const expected = ((last.profile[2] as number) + (last.recent[2] as number)) / 2;
  const [gap, filled] = [Number.NaN, expected].map((value) => {
    const load = last.load.slice();
    load[2] = value;
    return fitDayCurves([...past.slice(0, 39), { ...last, load }], 4);
  });
  expect(gap).toEqual(filled);
});

test('a load that runs as expected is expected to go on, and of too few days nothing is learned', () => {
  const always = past.map(({ vector, recent }) => ({ vector, recent, profile: recent, load: recent }));
  const fitted = fitDayCurves(always, 4);
  if (fitted === undefined) throw new Error('nothing was fitted');
  const asked = outlookOf(3);
  expect(predictDayCurves(fitted, { ...asked, profile: asked.recent })).toEqual(asked.recent);
  const unknown = new Float64Array(4).fill(Number.NaN);
  expect(predictDayCurves(fitted, { ...asked, profile: unknown })).toEqual(asked.recent);
  expect(fitDayCurves(past.slice(0, 27), 4)).toBeUndefined();
});
