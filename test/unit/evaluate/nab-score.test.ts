import { bestOutcome, normalised, outcomeAt, PROFILES, probation, type Scored } from '../../../bench/nab/score.ts';

const sigmoid = (y: number) => 2 / (1 + Math.exp(5 * y)) - 1;

/** 100 rows, 15 of probation, one window of rows 40…59. */
const series = (detections: Record<number, number>): Scored => ({
  scores: Float64Array.from({ length: 100 }, (_, row) => detections[row] ?? 0),
  windows: [[40, 59]],
});

test('nothing found is 0, the first row of every window and nothing else 100', () => {
  expect(normalised([bestOutcome([series({})], PROFILES.standard)], PROFILES.standard)).toBe(0);
  expect(normalised([bestOutcome([series({ 40: 1 })], PROFILES.standard)], PROFILES.standard)).toBe(100);
});

test('only the earliest detection of a window counts; outside, every one costs', () => {
  const scored = [series({ 20: 0.9, 45: 0.9, 50: 0.9, 60: 0.9, 99: 0.9 })];
  // row 20 precedes every window: −1; row 60 is 1/19 of a width past it; row 99 is 40/19 past it; row 45 is 15/20 before the end
  const expected = sigmoid(-0.75) / sigmoid(-1) + 0.11 * (-1 + sigmoid(1 / 19) + sigmoid(40 / 19));
  expect(outcomeAt(scored, PROFILES.standard, 0.5)).toEqual({
    threshold: 0.5,
    sum: expect.closeTo(expected, 12),
    windows: 1,
    windowsHit: 1,
    falsePositives: 3,
  });
});

test('detections in probation do not count', () => {
  expect(probation(100)).toBe(15);
  expect(probation(10_000)).toBe(750);
  expect(outcomeAt([series({ 14: 1 })], PROFILES.standard, 0.5)).toMatchObject({ sum: -1, falsePositives: 0 });
});

test('the threshold is the one with the greatest sum, the same for all series', () => {
  const corpus = [series({ 40: 0.9 }), series({ 40: 0.5, 20: 0.4 })];
  expect(bestOutcome(corpus, PROFILES.standard)).toMatchObject({ threshold: 0.5, sum: 2, falsePositives: 0 });
  expect(outcomeAt(corpus, PROFILES.standard, 0.6)).toMatchObject({ sum: 0 });
});
