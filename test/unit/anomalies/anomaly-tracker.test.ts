import fc from 'fast-check';
import {
  AnomalyTracker,
  TRACKED_SIGNALS,
  type TrackedScore,
} from '../../../layers/domain/anomalies/anomaly-tracker.ts';
import { randomSource } from '../../../layers/domain/anomalies/random-source.ts';

const HALF_HOUR_MS = 1_800_000;
const PER_DAY = 48;
const START = Date.parse('2024-03-04T00:00:00Z');
const OPTIONS = { timeZone: 'Australia/Sydney', seed: 9 };

/** Weeks of a household-like load, Wh: a morning and an evening peak, noise, a lazier weekend. */
const load = (days: number, seed = 5): number[] => {
  const random = randomSource(seed);
  return Array.from({ length: days * PER_DAY }, (_, n) => {
    const hour = (n % PER_DAY) / 2;
    const weekend = Math.floor(n / PER_DAY) % 7 >= 5 ? 80 : 0;
    const shape = 150 + 300 * Math.exp(-((hour - 7.5) ** 2) / 3) + 500 * Math.exp(-((hour - 19) ** 2) / 6);
    return Math.round(shape + weekend + 60 * (random.next() + random.next()));
  });
};

const scored = (values: readonly number[], tracker = new AnomalyTracker(OPTIONS), from = 0): TrackedScore[] =>
  values.map((value, n) => tracker.score({ at: START + (from + n) * HALF_HOUR_MS, value }) as TrackedScore);

const DAYS = 60;
const usual = load(DAYS);

test.each<[string, (values: number[]) => void, string[], 'high' | 'low' | undefined]>([
  ['a spike', (values) => values.splice(50 * PER_DAY + 6, 1, 9000), ['level', 'change', 'spike'], 'high'],
  ['a dead meter', (values) => values.fill(0, 50 * PER_DAY), ['level', 'flatline', 'shape', 'change'], 'low'],
  [
    'a value that does not change',
    (values) => values.fill(200, 50 * PER_DAY),
    ['flatline', 'level', 'shape'],
    undefined,
  ],
])('%s is seen within a day, with its signal and direction', (_, spoil, signals, direction) => {
  const values = [...usual];
  spoil(values);
  const scores = scored(values);
  const day = scores.slice(50 * PER_DAY, 51 * PER_DAY);
  const loudest = day.reduce((most, one) => (one.surprise > most.surprise ? one : most));
  const before = Math.max(...scores.slice(40 * PER_DAY, 50 * PER_DAY).map(({ surprise }) => surprise));
  expect(loudest.surprise).toBeGreaterThan(Math.max(3, before));
  expect(signals).toContain(loudest.signal);
  if (direction !== undefined && loudest.signal !== 'flatline') expect(loudest.direction).toBe(direction);
  expect(loudest.since).not.toBeNull();
});

test('the expected band holds about nine of ten readings', () => {
  const inside = scored(usual)
    .slice(30 * PER_DAY)
    .map(({ expected }, n) => {
      const value = usual[30 * PER_DAY + n] as number;
      return expected !== null && value >= expected.low && value <= expected.high;
    });
  const share = inside.filter(Boolean).length / inside.length;
  expect(share).toBeGreaterThan(0.82);
  expect(share).toBeLessThan(0.98);
});

test('since is where the unusual run began', () => {
  const values = [...usual];
  values.fill(5000, 55 * PER_DAY, 55 * PER_DAY + 5);
  const run = scored(values).slice(55 * PER_DAY, 55 * PER_DAY + 5);
  const first = run.find(({ since }) => since !== null)?.since;
  expect(first).toBeGreaterThanOrEqual(START + 55 * PER_DAY * HALF_HOUR_MS);
  expect(run.at(-1)?.since ?? first).toBe(first);
});

test('an interruption at any reading changes nothing, and the state stays within 4 KiB', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 40 * PER_DAY }), (cut) => {
      const values = usual.slice(0, 42 * PER_DAY);
      const whole = new AnomalyTracker(OPTIONS);
      const expected = scored(values, whole).slice(cut);
      const first = new AnomalyTracker(OPTIONS);
      scored(values.slice(0, cut), first);
      const state = first.serialise();
      expect(state.length).toBeLessThanOrEqual(4096);
      const second = AnomalyTracker.restore(state, OPTIONS);
      expect(scored(values.slice(cut), second, cut)).toEqual(expected);
      expect(Buffer.from(second.serialise()).equals(Buffer.from(whole.serialise()))).toBe(true);
    }),
    { numRuns: 5, seed: 4 },
  );
});

test('the same readings give the same scores; a reading that came before is not scored again', () => {
  const values = usual.slice(0, 5 * PER_DAY);
  expect(scored(values)).toEqual(scored(values));
  const tracker = new AnomalyTracker(OPTIONS);
  scored(values, tracker);
  const before = tracker.serialise();
  expect(tracker.score({ at: START, value: 99_999 })).toBeNull();
  expect(tracker.serialise()).toEqual(before);
});

test('no score depends on what comes after it', () => {
  const poisoned = [...usual.slice(0, 30 * PER_DAY), ...Array.from({ length: PER_DAY }, () => 1e9)];
  expect(scored(poisoned).slice(0, 30 * PER_DAY)).toEqual(scored(usual.slice(0, 30 * PER_DAY)));
});

test.each([
  ['constant', 230],
  ['always zero', 0],
])('a %s meter is never unusual', (_, value) => {
  const scores = scored(Array.from({ length: 30 * PER_DAY }, () => value));
  expect(Math.max(...scores.map(({ surprise }) => surprise))).toBeLessThan(3);
});

test('with a day of history nothing is stated: no band, no surprise', () => {
  for (const { surprise, expected, surprises } of scored(usual.slice(0, PER_DAY))) {
    expect(surprise).toBe(0);
    expect(expected).toBeNull();
    for (const signal of TRACKED_SIGNALS) expect(surprises[signal]).toBe(0);
  }
});

test('gaps are passed over: scores go on after a week without readings', () => {
  const tracker = new AnomalyTracker(OPTIONS);
  scored(usual.slice(0, 40 * PER_DAY), tracker);
  const after = scored(usual.slice(47 * PER_DAY, 50 * PER_DAY), tracker, 47 * PER_DAY);
  expect(Math.max(...after.slice(2).map(({ surprise }) => surprise))).toBeLessThan(4);
});

test('what was always zero and then is not is seen, and what follows is judged all the same', () => {
  const tracker = new AnomalyTracker(OPTIONS);
  scored(
    Array.from({ length: 20 * PER_DAY }, () => 0),
    tracker,
  );
  const [first] = scored([400], tracker, 20 * PER_DAY);
  expect(first?.surprise).toBeGreaterThan(4);
  expect(Number.isFinite(first?.deviation)).toBe(true);
  scored(usual.slice(0, 40 * PER_DAY), tracker, 21 * PER_DAY);
  const [later] = scored([9000], tracker, 61 * PER_DAY);
  expect(later?.surprises.level).toBeGreaterThan(3);
});

test('the least spread is what makes a band of a value that hardly varies', () => {
  const random = randomSource(3);
  const hertz = Array.from({ length: 20 * PER_DAY }, () => 50 + 0.02 * (random.next() + random.next() - 1));
  const band = (leastSpread: number) =>
    scored(hertz, new AnomalyTracker({ ...OPTIONS, leastSpread })).at(-1)?.expected ?? { low: 0, high: 0 };
  expect(band(0.0005).high).toBeLessThan(50.1);
  expect(band(0.02).high).toBeGreaterThan(51);
});

test.each([Number.NaN, Number.POSITIVE_INFINITY])('%d is no reading', (value) => {
  expect(() => new AnomalyTracker(OPTIONS).score({ at: START, value })).toThrow('finite');
});

test('hours of the week are those of the local clock, on both sides of its change', () => {
  // Clocks in Sydney went back on 2024-04-07; the household goes by its clock.
  const change = Date.parse('2024-04-06T16:00:00Z');
  const tracker = new AnomalyTracker(OPTIONS);
  const values = load(DAYS);
  let worst = 0;
  for (let n = 0; n < DAYS * PER_DAY; n++) {
    const at = START + n * HALF_HOUR_MS;
    const local = n + (at < change ? 22 : 20);
    const score = tracker.score({ at, value: values[local % values.length] as number });
    if (at > change && at < change + 3 * 86_400_000) worst = Math.max(worst, Math.abs(score?.deviation ?? 0));
  }
  expect(worst).toBeLessThan(6);
});

test('the state of another version is refused', () => {
  expect(() => AnomalyTracker.restore(Uint8Array.of(99, 1, 2), OPTIONS)).toThrow('not the state of a tracker');
});
