import { BAND_WIDTH, Combination, MEMBER_BANDS, type MemberForecast } from '../../../models/forecast/combination.ts';

const SLOTS = 24;
/** Two members that always say so much, and bands that reach 1 below and 2 above `middle`. */
const forecastOf = (first: number, second: number, middle = 15): MemberForecast => ({
  members: 2,
  points: Float32Array.from({ length: SLOTS * 2 }, (_, index) => (index % 2 === 0 ? first : second)),
  bands: Float32Array.from(
    { length: SLOTS * MEMBER_BANDS * BAND_WIDTH },
    (_, index) => middle + ([-1, 0, 2][index % 3] as number),
  ),
});
const combination = () => new Combination({ horizonDays: 1, slotsPerDay: SLOTS, members: 2 });
const flat = (value: number) => new Float64Array(SLOTS).fill(value);

test('members that were never judged count the same; the band reaches as far as theirs', () => {
  const { point, low, high } = combination().combine(forecastOf(10, 20));
  expect([point[5], low[5], high[5]]).toEqual([15, 14, 17]);
});

test('the ends of a band stand where the members put them, wherever the point lies', () => {
  const { point, low, high } = combination().combine(forecastOf(10, 20, 15.5));
  expect([point[5], low[5], high[5]]).toEqual([15, 14.5, 17.5]);
});

test('an end on the other side of the point leaves a tenth of the reach, so that a width has something to grow from', () => {
  const { point, low, high } = combination().combine(forecastOf(10, 20, 30));
  // The low end lies at 29, above the point: a tenth of its reach of 1 stands below the point.
  expect([point[5], low[5], high[5]]).toEqual([15, 14.9, 32]);
});

test('the first day counts no more than the second, but for its age', () => {
  const joined = combination();
  const forecast = forecastOf(10, 20);
  for (const actual of [12, 15]) joined.learn(0, forecast, joined.combine(forecast), flat(actual));
  const share = 0.5 ** (1 / 40);
  // Errors of the first member: 2, then 5.
  expect(joined.states[0]?.points.means[0]).toBeCloseTo((share * 2 + 5) / (share + 1), 9);
});

test('a member counts with its inverse error to the sixteenth power', () => {
  const joined = combination();
  const forecast = forecastOf(11, 12);
  joined.learn(0, forecast, joined.combine(forecast), flat(10));
  // Errors 1 and 2: weights 1 and 1/65536, so (11 + 12 / 65536) / (1 + 1 / 65536).
  expect(joined.combine(forecast).point[0]).toBeCloseTo(11.00001526, 7);
});

test('a band widens where the load lies outside and narrows where it never does', () => {
  const joined = combination();
  const forecast = forecastOf(10, 10, 10);
  joined.learn(0, forecast, joined.combine(forecast), flat(15));
  // All lay above, none below: the upper width grows by exp(0.12 · 0.9), the lower shrinks by exp(-0.12 · 0.1).
  expect(joined.states[0]?.widths.map((width) => Number(width.toFixed(6)))).toEqual([0.988072, 1.114048]);
});

test('in the long run a tenth lies below and a tenth above, whatever the members believe', () => {
  const joined = combination();
  const forecast = forecastOf(10, 10);
  let [below, above, count] = [0, 0, 0];
  for (let day = 0; day < 400; day++) {
    const combined = joined.combine(forecast);
    // Loads far wider than the members' bands, spread evenly over 5 to 20.
    const actuals = Float64Array.from(
      { length: SLOTS },
      (_, slot) => 5 + (15 * (((day * SLOTS + slot) * 7919) % 9973)) / 9973,
    );
    for (const [slot, actual] of actuals.entries()) {
      if (day < 100) continue;
      count++;
      if (actual < (combined.low[slot] as number)) below++;
      if (actual > (combined.high[slot] as number)) above++;
    }
    joined.learn(0, forecast, combined, actuals);
  }
  expect(count).toBe(300 * SLOTS);
  expect(Math.abs(below / count - 0.1)).toBeLessThan(0.015);
  expect(Math.abs(above / count - 0.1)).toBeLessThan(0.015);
});

test('a missing actual teaches nothing', () => {
  const joined = combination();
  const forecast = forecastOf(10, 20);
  const before = joined.combine(forecast);
  joined.learn(0, forecast, before, flat(Number.NaN));
  expect(joined.combine(forecast)).toEqual(before);
});
