import { BAND_WIDTH, Combination, MEMBER_BANDS } from '../../../models/forecast/combination.ts';

const SLOTS = 24;
const DAYS = 40;

/**
 * Bands from past errors, their width after how often the load lay outside, by numpy 2 from the definitions alone: quantiles of type 7 of the errors at the
 * hour and its neighbours (`numpy.quantile`), exponentiated updates of Gibbs and Candès with the rate 0.12 and a tail of a tenth.
 *
 *     load = lambda day, slot: 8 + 6 * (((day * 24 + slot) * 7919) % 9973) / 9973
 *     past, width = [[] for _ in range(24)], np.ones(2)
 *     def ends(slot):
 *         near = np.array([e for s in range(max(0, slot - 1), min(24, slot + 2)) for e in past[s]])
 *         if near.size < 12: return np.zeros(2)
 *         return np.maximum(0, [-np.quantile(near, .1), np.quantile(near, .9)])
 *     for day in range(40):
 *         reach = np.array([ends(s) for s in range(24)]) * width
 *         error = np.array([load(day, s) - 10 for s in range(24)])
 *         missed = np.array([(error < -reach[:, 0]).mean(), (error > reach[:, 1]).mean()])
 *         for s in range(24): past[s].append(error[s])
 *         width = np.clip(width * np.exp(.12 * (missed - .1)), .2, 5)
 */
const REFERENCE = {
  widths: [1.077884150885, 1.046027859909],
  ends: [
    [0, 8.3846112408, 13.6106158884],
    [7, 8.6176106043, 13.5634171982],
    [23, 8.5982858589, 13.3717905162],
  ],
} as const;

test('conformal bands are those of an independent implementation', () => {
  const joined = new Combination({ horizonDays: 1, slotsPerDay: SLOTS, members: 1 });
  // One member that always says 10 and brings no band of its own.
  const forecast = {
    members: 1,
    points: new Float32Array(SLOTS).fill(10),
    bands: new Float32Array(SLOTS * MEMBER_BANDS * BAND_WIDTH).fill(Number.NaN),
  };
  for (let day = 0; day < DAYS; day++) {
    const loads = Float64Array.from(
      { length: SLOTS },
      (_, slot) => 8 + (6 * (((day * SLOTS + slot) * 7919) % 9973)) / 9973,
    );
    joined.learn(0, forecast, joined.combine(forecast), loads);
  }
  for (const [side, width] of REFERENCE.widths.entries()) expect(joined.states[0]?.widths[side]).toBeCloseTo(width, 10);
  const { low, high } = joined.combine(forecast);
  for (const [slot, below, above] of REFERENCE.ends) {
    expect(low[slot]).toBeCloseTo(below, 8);
    expect(high[slot]).toBeCloseTo(above, 8);
  }
});
