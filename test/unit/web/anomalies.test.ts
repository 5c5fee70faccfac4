import { ANOMALY_METHODS, QUIET_REASONS } from '../../../layers/contracts/api/anomalies.ts';
import { FAULT_LABELS } from '../../../layers/contracts/models/anomaly.ts';
import { TRACKED_SIGNALS } from '../../../layers/domain/anomalies/anomaly-tracker.ts';
import {
  anomalyName,
  howOften,
  howUnusual,
  labelNames,
  pictureSpan,
  quietNames,
  type Sample,
  usualBand,
} from '../../../web/src/app/anomalies.ts';

const zone = 'Australia/Sydney';
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

test('how unusual is said in readings, in time, and of a model as likelihood', () => {
  expect(howUnusual({ oneIn: 8_123, score: 0.95 })).toBe('1 in 8 100 readings');
  expect(howUnusual({ oneIn: 10 ** 9, score: 1 })).toBe('rarer than 1 in a million readings');
  expect(howUnusual({ oneIn: null, score: 0.874 })).toBe('a fault is 87 % likely');
  // 8,000 half hours are 167 days.
  expect(howOften(8_000, 30)).toBe('once in 167 days');
  expect(howOften(100_000, 30)).toBe('once in 6 years');
  expect(howOften(1e7, 30)).toBe('less than once in a century');
  expect(howOften(null, 30)).toBeUndefined();
});

test('every signal of the stream, label and reason of silence has words; an unknown signal keeps its name', () => {
  expect(TRACKED_SIGNALS.length + ANOMALY_METHODS.length).toBeGreaterThan(10);
  for (const signal of TRACKED_SIGNALS) {
    expect(anomalyName({ signal, direction: 'high' })).not.toMatch(/^\w+ above what is usual$/);
  }
  expect(anomalyName({ signal: 'level', direction: 'low' })).toBe('far below what is usual at this hour');
  expect(anomalyName({ signal: 'powerFactor', direction: 'low' })).toBe('power factor below what is usual');
  expect(Object.keys(labelNames)).toEqual([...FAULT_LABELS]);
  expect(Object.keys(quietNames).sort()).toEqual([...QUIET_REASONS].sort());
});

test('usual is what like half hours were, by local time on both sides of a change to summer time', () => {
  // 2012-10-07 02:00 the clock goes on an hour in Sydney: local 18:00 is 08:00 UTC before and 07:00 UTC after.
  const change = Date.parse('2012-10-06T16:00:00Z');
  const history: Sample[] = [];
  for (let time = change - 21 * DAY; time < change + 7 * DAY; time += HOUR / 2) {
    const local = new Date(time + (time < change ? 10 : 11) * HOUR);
    const evening = local.getUTCHours() === 18;
    const n = history.length % 7;
    history.push({ time, value: n === 3 ? null : evening ? 2 + n / 100 : 0.5 });
  }
  const usual = usualBand(history, zone);
  const after = Date.parse('2012-10-15T07:00:00Z');
  expect(usual(after)?.low).toBeCloseTo(2, 1);
  expect(usual(after)?.high).toBeCloseTo(2.06, 1);
  expect(usual(after + HOUR)).toEqual({ low: 0.5, high: 0.5 });
  expect(usualBand(history.slice(0, 48), zone)(after)).toBeUndefined();
});

test('the picture shows as much around an anomaly as it lasted, and never the future', () => {
  const since = Date.parse('2026-03-02T00:00:00Z');
  const now = since + 100 * DAY;
  expect(pictureSpan({ since, until: since + HOUR }, now)).toEqual({
    from: since - 1.5 * DAY,
    to: since + HOUR + 1.5 * DAY,
  });
  expect(pictureSpan({ since, until: since + 4 * DAY }, now)).toEqual({ from: since - 4 * DAY, to: since + 8 * DAY });
  expect(pictureSpan({ since, until: since + HOUR }, since + 2 * HOUR).to).toBe(since + 2 * HOUR);
  const long = pictureSpan({ since, until: since + 90 * DAY }, now);
  expect(long.to - long.from).toBe(35 * DAY);
});
