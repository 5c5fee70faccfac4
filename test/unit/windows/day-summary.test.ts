import { DaySummaries, decodeSummary, encodeSummary } from '../../../layers/domain/windows/day-summary.ts';
import { dayOfReadings } from '../../harness/day-of-readings.ts';

const DAY = 15_613;
const START = DAY * 86_400_000;
const HALF_HOUR = 1_800_000;

const meterDay = (meterNo: number, readings: Record<number, number>, quality = 2) =>
  dayOfReadings(
    { meterNo, day: DAY, intervalMinutes: 30 },
    Object.entries(readings).map(([slot, energyWh]) => ({ slot: Number(slot), energyWh, quality })),
  );
const always = [{ from: 0, to: null }];

test('two meters: sums, extremes and counts, by slot', () => {
  const sum = new DaySummaries();
  sum.addMeterDay(meterDay(1, { 0: 100, 1: 0 }), always);
  sum.addMeterDay(meterDay(2, { 0: 40, 47: 7 }, 1), always);
  const [day, ...others] = sum.list();
  expect(others).toEqual([]);
  const slot = (at: number) =>
    (['present', 'estimated', 'sumWh', 'leastWh', 'mostWh'] as const).map((column) => day?.[column][at]);
  expect(slot(0)).toEqual([2, 1, 140, 40, 100]);
  expect(slot(1)).toEqual([1, 0, 0, 0, 0]);
  expect(slot(2)).toEqual([0, 0, 0, 0, 0]);
  expect(slot(47)).toEqual([1, 1, 7, 7, 7]);
  expect(day?.mostDayWh).toBe(100);
});

test('a reading counts while its meter belongs here: from its start, inclusive, to the end, exclusive', () => {
  const sum = new DaySummaries();
  const readings = { 0: 1, 1: 2, 2: 4, 3: 8, 4: 16 };
  sum.addMeterDay(meterDay(1, readings), [
    { from: START + 1, to: START + 2 * HALF_HOUR },
    { from: START + 3 * HALF_HOUR, to: START + 3 * HALF_HOUR + 1 },
  ]);
  expect(Array.from(sum.list()[0]?.sumWh.slice(0, 6) ?? [])).toEqual([0, 2, 0, 8, 0, 0]);
  const elsewhere = new DaySummaries();
  elsewhere.addMeterDay(meterDay(1, readings), [{ from: START + 5 * HALF_HOUR, to: null }]);
  expect(elsewhere.list()).toEqual([]);
});

test('summaries of parts add up to the summary of the whole, and packing keeps all of it', () => {
  const [whole, left, right, both] = [new DaySummaries(), new DaySummaries(), new DaySummaries(), new DaySummaries()];
  const days = [meterDay(1, { 3: 5, 9: 1 }), meterDay(2, { 3: 2 }, 1), meterDay(3, { 9: 100_000_000, 10: 3 }, 3)];
  for (const [index, day] of days.entries()) {
    whole.addMeterDay(day, always);
    (index === 1 ? left : right).addMeterDay(day, always);
  }
  for (const part of [...left.list(), ...right.list()]) both.addSummary(part);
  expect(both.list()).toEqual(whole.list());
  for (const summary of whole.list()) expect(decodeSummary(encodeSummary(summary), summary)).toEqual(summary);
  expect(() => decodeSummary(new Uint8Array([9]), { channel: 1, intervalMinutes: 30, day: DAY })).toThrow(RangeError);
});

test('a summary of the former format is read with the sum of its greatest readings as what one meter has at most', () => {
  const sum = new DaySummaries();
  sum.addMeterDay(meterDay(1, { 0: 100, 1: 30 }), always);
  sum.addMeterDay(meterDay(2, { 0: 40, 1: 90 }), always);
  const [day] = sum.list();
  if (!day) throw new Error('no summary');
  const now = encodeSummary(day);
  expect(decodeSummary(now, day).mostDayWh).toBe(130);
  const former = Uint8Array.from(now);
  former[0] = 1;
  expect(decodeSummary(former, day)).toMatchObject({ sumWh: day.sumWh, mostDayWh: 190 });
});
