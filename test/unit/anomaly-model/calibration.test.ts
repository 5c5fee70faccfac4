import fc from 'fast-check';
import { reliabilityOf } from '../../../bench/faults/reliability.ts';
import { FAULT_CLASSES, FAULTY_SHARE, type FaultClass } from '../../../layers/contracts/models/anomaly.ts';
import { randomSource } from '../../../layers/domain/anomalies/random-source.ts';
import { calibrated, fitCalibration } from '../../../models/anomaly/calibration.ts';

/** Log-odds of faulty days are normal around 2, of ordinary ones around 0, both of variance 1: theirs is the truth 2x − 2 (Bayes). */
function drawn(seed: number, count: number) {
  const random = randomSource(seed);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
  return Array.from({ length: count }, (_, n) => {
    const faulty = n % 2 === 0;
    return { score: 1 / (1 + Math.exp(-(normal() + (faulty ? 2 : 0)))), faulty, weight: 1 };
  });
}

test('the slope and offset of known distributions are found, and the odds are those of a grid', () => {
  const { slope, offset } = fitCalibration(drawn(1, 40_000));
  expect(slope).toBeCloseTo(2, 1);
  expect(offset).toBeCloseTo(-2 + Math.log(FAULTY_SHARE / (1 - FAULTY_SHARE)), 1);
});

test('how many days of each kind there are changes nothing', () => {
  const days = drawn(2, 20_000);
  const fewer = days.filter(({ faulty }, n) => !faulty || n % 10 === 0);
  expect(fitCalibration(fewer).offset).toBeCloseTo(fitCalibration(days).offset, 0);
  const heavier = days.map((day) => ({ ...day, weight: day.faulty ? 7 : 1 }));
  expect(fitCalibration(heavier).offset).toBeCloseTo(fitCalibration(days).offset, 9);
});

test('the order of scores stays, whatever was fitted', () => {
  const score = fc.double({ min: 0, max: 1, noNaN: true });
  const sample = fc.record({ score, faulty: fc.boolean(), weight: fc.constantFrom(1, 10) });
  fc.assert(
    fc.property(fc.array(sample, { maxLength: 40 }), score, score, (samples, a, b) => {
      const fitted = fitCalibration(samples);
      const [less, more] = [Math.min(a, b), Math.max(a, b)].map((one) => calibrated(one, fitted)) as [number, number];
      expect(less).toBeGreaterThanOrEqual(0);
      expect(more).toBeLessThanOrEqual(1);
      expect(more).toBeGreaterThanOrEqual(less);
    }),
  );
});

test('scores that tell faults without an error are certain, and finite', () => {
  const samples = Array.from({ length: 200 }, (_, n) => ({ score: n % 2 ? 0.9 : 0.1, faulty: n % 2 === 1, weight: 1 }));
  const fitted = fitCalibration(samples);
  expect(calibrated(0.1, fitted)).toBeLessThan(0.001);
  expect(calibrated(0.9, fitted)).toBeGreaterThan(0.5);
  expect(Number.isFinite(fitted.slope)).toBe(true);
});

test('reliability: days weigh as often as they are in a grid', () => {
  const faulty = Object.fromEntries(FAULT_CLASSES.map((fault) => [fault, [0.2]])) as Record<FaultClass, number[]>;
  const { brier, brierOfShare, medianClean, bins } = reliabilityOf([0, 0, 0, 0.2], faulty);
  // 0.99 · ¼ · 0.2² + 0.01 · 0.8²; and 0.99 · 0.01² + 0.01 · 0.99².
  expect(brier).toBeCloseTo(0.0099 + 0.0064, 12);
  expect(brierOfShare).toBeCloseTo(0.0099, 12);
  expect(medianClean).toBe(0);
  // Of 0.99 / 4 ordinary and 0.01 faulty.
  expect(bins).toEqual([
    { from: 0, days: 3, said: 0, were: 0 },
    { from: 0.1, days: 7, said: expect.closeTo(0.2, 12), were: expect.closeTo(0.01 / 0.2575, 12) },
  ]);
});
