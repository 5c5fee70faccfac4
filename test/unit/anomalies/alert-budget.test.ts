import { AlertBudget } from '../../../layers/domain/anomalies/alert-budget.ts';
import { randomSource } from '../../../layers/domain/anomalies/random-source.ts';

const DAY_MS = 86_400_000;
const START = Date.parse('2024-03-04T00:00:00Z');
const METERS = 25;
const PER_DAY = 48;

/** Alerts of each day: 25 meters, half hours, surprises −log10 of a uniform number times a factor of the day. */
const alertsByDay = (of: { perDay: number; days: number; factor(day: number): number }): number[] => {
  const random = randomSource(17);
  const budget = new AlertBudget(of.perDay);
  return Array.from({ length: of.days }, (_, day) => {
    let alerts = 0;
    for (let slot = 0; slot < PER_DAY; slot++) {
      const at = START + day * DAY_MS + slot * (DAY_MS / PER_DAY);
      for (let meter = 0; meter < METERS; meter++) {
        if (budget.raises({ at, surprise: -Math.log10(random.next() + 1e-12) * of.factor(day) })) alerts++;
      }
    }
    return alerts;
  });
};

const mean = (figures: readonly number[]) => figures.reduce((sum, figure) => sum + figure, 0) / figures.length;

test.each([1, 5, 20])('%d alerts a day are asked for and given', (perDay) => {
  const alerts = alertsByDay({ perDay, days: 50, factor: () => 1 }).slice(10);
  expect(Math.abs(mean(alerts) - perDay)).toBeLessThan(0.1 * perDay + 0.1);
});

test('the volume holds when everything becomes more unusual, and when it calms down', () => {
  const alerts = alertsByDay({ perDay: 10, days: 90, factor: (day) => (day >= 30 && day < 60 ? 2 : 1) });
  for (const from of [15, 40, 75]) expect(Math.abs(mean(alerts.slice(from, from + 15)) - 10)).toBeLessThan(1.5);
  expect(Math.max(...alerts)).toBeLessThanOrEqual(20);
});

test('the most unusual readings are those alerted of', () => {
  const random = randomSource(3);
  const budget = new AlertBudget(10);
  const raised: number[] = [];
  const passed: number[] = [];
  for (let n = 0; n < 40 * PER_DAY * METERS; n++) {
    const surprise = -Math.log10(random.next() + 1e-12);
    const at = START + Math.floor(n / METERS) * (DAY_MS / PER_DAY);
    if (n < 20 * PER_DAY * METERS) budget.raises({ at, surprise });
    else (budget.raises({ at, surprise }) ? raised : passed).push(surprise);
  }
  expect(Math.min(...raised)).toBeGreaterThan(1.5);
  expect(passed.filter((surprise) => surprise > 3).length).toBeLessThan(0.2 * raised.length);
});

test('the state goes on where it was left, and readings that come late pay nothing in', () => {
  const budget = new AlertBudget(5);
  for (let day = 0; day < 3; day++) budget.raises({ at: START + day * DAY_MS, surprise: 9 });
  const late = budget.state;
  budget.raises({ at: START, surprise: 0 });
  expect(budget.state).toEqual(late);
  const again = new AlertBudget(5, JSON.parse(JSON.stringify(late)));
  const next = { at: START + 4 * DAY_MS, surprise: 5 };
  expect([again.raises(next), again.state]).toEqual([budget.raises(next), budget.state]);
});

test('a budget of none raises none', () => {
  expect(mean(alertsByDay({ perDay: 0, days: 5, factor: () => 3 }))).toBe(0);
});
