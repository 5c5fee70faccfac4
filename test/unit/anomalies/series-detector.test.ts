import fc from 'fast-check';
import { AlertScore } from '../../../layers/domain/anomalies/alert-score.ts';
import { PatternNovelty } from '../../../layers/domain/anomalies/pattern-novelty.ts';
import { SeriesDetector } from '../../../layers/domain/anomalies/series-detector.ts';
import { MAX_SURPRISE, SurpriseScale } from '../../../layers/domain/anomalies/surprise-scale.ts';

const HALF_HOUR_MS = 1_800_000;
const START = Date.parse('2024-03-01T00:00:00Z');

/** Scores of a series that begins at START, one value per half hour. */
const scoresOf = (values: readonly number[]): number[] => {
  const detector = new SeriesDetector();
  const alert = new AlertScore();
  return values.map((value, n) => {
    const { surprises } = detector.next(START + n * HALF_HOUR_MS, value);
    return alert.score([surprises.pair, surprises.pattern, surprises.profile]);
  });
};

/** Days of a load with a morning and an evening peak and a little repeatable noise. */
const daily = (days: number): number[] =>
  Array.from({ length: days * 48 }, (_, n) => 5 + 3 * Math.sin((n % 48) / 7) + ((n * 7919) % 101) / 100);

test('the tail of a known sample: rank in the bulk, exponential beyond a light tail', () => {
  // 1…400 in an order that does not matter: 200 of them are at least 201
  const scale = new SurpriseScale();
  for (let n = 0; n < 400; n++) scale.surprise(((n * 171) % 400) + 1);
  expect(scale.surprise(201)).toBeCloseTo(-Math.log10(201 / 401), 10);
  // 401 past values now; the tail is ceil(0.05 · 401) = 21 of them, 380…400: mean excess 10, variance 36.7, so the shape is below 0 and taken as 0
  expect(scale.surprise(430)).toBeCloseTo(-Math.log10((21 / 401) * Math.exp(-50 / 10)), 10);
});

test('a heavy tail makes large values less surprising', () => {
  // The tail has at least 8 values: 0 seven times and 10; mean 1.25, variance 10.9375, shape 0.43, held at 0.2.
  const scale = new SurpriseScale();
  for (let n = 0; n < 99; n++) scale.surprise(0);
  scale.surprise(10);
  const scaled = 20 / (1.25 * 0.8);
  expect(scale.surprise(20)).toBeCloseTo(-Math.log10((8 / 100) * (1 + 0.2 * scaled) ** (-1 / 0.2)), 10);
});

test('what has never been is as surprising as anything gets, and no more', () => {
  const scale = new SurpriseScale();
  for (let n = 0; n < 100; n++) expect(scale.surprise(0)).toBeLessThan(2);
  expect(scale.surprise(1)).toBe(MAX_SURPRISE);
});

test('a run is compared with those before it, never with an overlapping one', () => {
  const pattern = new PatternNovelty(2);
  // (3, 5) against (1, 2) alone: (2, 3) shares a reading with it. (5, 1) against (1, 2): 16 + 1, against (2, 3): 9 + 4.
  const novelties = [1, 2, 3, 5, 1].map((value) => pattern.novelty(value));
  expect(novelties).toEqual([0, 0, 0, Math.sqrt((4 + 9) / 2), Math.sqrt((9 + 4) / 2)]);
});

test('a broken day stands out, once', () => {
  const values = daily(20);
  for (let n = 15 * 48 + 20; n < 15 * 48 + 30; n++) values[n] = 0;
  const scores = scoresOf(values);
  const loudest = scores.indexOf(Math.max(...scores.slice(10 * 48)));
  expect(loudest).toBeGreaterThanOrEqual(15 * 48 + 20);
  expect(loudest).toBeLessThan(15 * 48 + 32);
});

test('no score depends on what comes after it', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: -10, max: 10, noNaN: true }), { minLength: 2, maxLength: 300 }), (tail) => {
      const values = [...daily(4), ...tail];
      const cut = daily(4).length + Math.floor(tail.length / 2);
      expect(scoresOf(values).slice(0, cut)).toEqual(scoresOf(values.slice(0, cut)));
    }),
    { numRuns: 20, seed: 1 },
  );
});

test.each([
  ['constant', Array.from({ length: 500 }, () => 3.5)],
  ['always zero', Array.from({ length: 500 }, () => 0)],
])('a %s series is never an alert', (_, values) => {
  expect(Math.max(...scoresOf(values))).toBeLessThan(0.7);
});

test('scores are in [0, 1] whatever comes', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: -1e9, max: 1e9, noNaN: true }), { maxLength: 200 }), (values) => {
      for (const score of scoresOf(values)) expect(score >= 0 && score <= 1).toBe(true);
    }),
    { numRuns: 50, seed: 2 },
  );
});
