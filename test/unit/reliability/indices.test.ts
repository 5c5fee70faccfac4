import {
  type CustomerOutage,
  majorEventThreshold,
  type ReliabilityQuestion,
  reliabilityOf,
} from '../../../layers/domain/reliability/indices.ts';

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
/** So many customers out for so many minutes, from a minute of a day. */
const out = (day: number, customers: number, minutes: number, planned = false): CustomerOutage[] =>
  Array.from({ length: customers }, () => {
    const from = day * DAY_MS + 600 * MINUTE_MS;
    return { from, to: from + minutes * MINUTE_MS, planned };
  });

const asked = (more: Partial<ReliabilityQuestion>): ReliabilityQuestion => ({
  outages: [],
  history: [],
  customers: 2000,
  momentaryMinutes: 5,
  localDayOf: (timeMs) => Math.floor(timeMs / DAY_MS),
  customersOn: () => 2000,
  ...more,
});

/**
 * Worked by hand, 2,000 customers. Day 1: 200 customers for 8.17 min. Day 2: 600 for 71.3 min, of whom the last 100 came
 * back 30 min later (a step). Day 3: 25 for 475.6 min; 2,000 for 30 s (momentary).
 * SAIFI = (200 + 600 + 25) / 2000 = 0.4125.
 * customer minutes = 200·8.17 + 500·71.3 + 100·101.3 + 25·475.6 = 1,634 + 35,650 + 10,130 + 11,890 = 59,304.
 * SAIDI = 59,304 / 2000 = 29.652; CAIDI = 59,304 / 825 = 71.8836…; MAIFI = 2000 / 2000 = 1.
 */
test('SAIDI, SAIFI, CAIDI and MAIFI, restoration in steps counted customer by customer', () => {
  const outages = [...out(1, 200, 8.17), ...out(2, 500, 71.3), ...out(2, 100, 101.3), ...out(3, 25, 475.6)];
  const { unplanned } = reliabilityOf(asked({ outages: [...outages, ...out(3, 2000, 0.5)] }));
  expect(unplanned.saifi).toBeCloseTo(0.4125, 12);
  expect(unplanned.customerMinutes).toBeCloseTo(59_304, 6);
  expect(unplanned.saidiMinutes).toBeCloseTo(29.652, 9);
  expect(unplanned.caidiMinutes).toBeCloseTo(59_304 / 825, 9);
  expect(unplanned.maifi).toBe(1);
});

test('five minutes are momentary, a millisecond more is sustained; by one minute both are sustained', () => {
  const outages = [...out(1, 1, 5), ...out(1, 1, 5 + 1 / 60_000)];
  expect(reliabilityOf(asked({ outages })).unplanned).toMatchObject({ sustained: 1, momentary: 1 });
  expect(reliabilityOf(asked({ outages, momentaryMinutes: 1 })).unplanned).toMatchObject({
    sustained: 2,
    momentary: 0,
  });
});

test('planned work is told apart', () => {
  const { unplanned, planned } = reliabilityOf(asked({ outages: [...out(1, 20, 60), ...out(1, 40, 120, true)] }));
  expect([unplanned.saidiMinutes, planned.saidiMinutes]).toEqual([0.6, 2.4]);
});

/** ln of 1, e, e² are 0, 1, 2: α = 1, β = √((1 + 0 + 1) / 2) = 1, T_MED = e^3.5 = 33.115…; a day of 0 is left out. */
test('the threshold of a major event day is exp(α + 2.5 β)', () => {
  expect(majorEventThreshold([1, Math.E, Math.E ** 2, 0])).toBeCloseTo(Math.exp(3.5), 9);
  expect(majorEventThreshold([4])).toBeNull();
  expect(majorEventThreshold([])).toBeNull();
});

/** History as above, times 2000 customers; day 11 has SAIDI 40 > 33.1 and is a major event day, day 10 with 30 is none. */
test('with and without major event days', () => {
  const history = [1, Math.E, Math.E ** 2]
    .flatMap((saidi, day) => out(day, 2000, saidi))
    .filter(({ from, to }) => to - from > 0);
  const found = reliabilityOf(
    asked({ history, momentaryMinutes: 0.5, outages: [...out(10, 2000, 30), ...out(11, 2000, 40)] }),
  );
  expect(found.majorEventThresholdMinutes).toBeCloseTo(Math.exp(3.5), 6);
  expect(found.majorEventDays).toEqual([{ localDay: 11, saidiMinutes: expect.closeTo(40, 6) }]);
  expect(found.unplanned.saidiMinutes).toBeCloseTo(70, 6);
  expect(found.unplannedWithoutMajorEvents.saidiMinutes).toBeCloseTo(30, 6);
});

test('without customers or interruptions nothing is divided by nothing', () => {
  expect(reliabilityOf(asked({ customers: 0, outages: out(1, 1, 60) })).unplanned).toMatchObject({
    saidiMinutes: null,
    saifi: null,
    maifi: null,
    caidiMinutes: 60,
  });
  expect(reliabilityOf(asked({})).unplanned).toMatchObject({ saidiMinutes: 0, saifi: 0, caidiMinutes: null });
});
