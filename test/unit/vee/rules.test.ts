import { readdirSync } from 'node:fs';
import { VEE_RULES, veeReasonCode } from '../../../layers/contracts/vee/rules.ts';
import { DEFAULT_VEE_SETTINGS } from '../../../layers/contracts/vee/settings.ts';
import type { RegisterSegment } from '../../../layers/domain/registers/register-energy.ts';
import { DayCalendar } from '../../../layers/domain/vee/day-calendar.ts';
import { summariseDay } from '../../../layers/domain/vee/day-summary.ts';
import { capacity } from '../../../layers/domain/vee/rules/capacity.ts';
import { duplicate } from '../../../layers/domain/vee/rules/duplicate.ts';
import { flatline } from '../../../layers/domain/vee/rules/flatline.ts';
import { futureTime } from '../../../layers/domain/vee/rules/future-time.ts';
import { highLow } from '../../../layers/domain/vee/rules/high-low.ts';
import { inactiveMeter } from '../../../layers/domain/vee/rules/inactive-meter.ts';
import { intervalSize } from '../../../layers/domain/vee/rules/interval-size.ts';
import { kvarh } from '../../../layers/domain/vee/rules/kvarh.ts';
import { missingInterval } from '../../../layers/domain/vee/rules/missing-interval.ts';
import { negative } from '../../../layers/domain/vee/rules/negative.ts';
import { prolongedEstimation } from '../../../layers/domain/vee/rules/prolonged-estimation.ts';
import { registerRollback } from '../../../layers/domain/vee/rules/register-rollback.ts';
import { spike } from '../../../layers/domain/vee/rules/spike.ts';
import { sumCheck } from '../../../layers/domain/vee/rules/sum-check.ts';
import { timeDrift } from '../../../layers/domain/vee/rules/time-drift.ts';
import { unitOrMultiplier } from '../../../layers/domain/vee/rules/unit-or-multiplier.ts';
import { zeroUsage } from '../../../layers/domain/vee/rules/zero-usage.ts';
import { DAY_MS, HOUR_MS, MONDAY, mondayBefore, repeated, START, seriesOf } from './series-of.ts';

const { rules: limits } = DEFAULT_VEE_SETTINGS;
const DAY = { first: 0, end: 48 };
const half = (n: number) => START + (n * HOUR_MS) / 2;
const always = () => true;

test('every rule has a module of its name and a reason code of its own', () => {
  const names = Object.keys(VEE_RULES);
  expect(names).toHaveLength(17);
  const modules = readdirSync(`${import.meta.dirname}/../../../layers/domain/vee/rules`);
  expect(modules.sort()).toEqual(names.map((name) => `${name.toLowerCase().replaceAll('_', '-')}.ts`).sort());
  const numbers = Object.values(VEE_RULES).map(({ number }) => number);
  expect(numbers).toEqual(Array.from({ length: 17 }, (_, n) => n + 1));
  expect(veeReasonCode('MISSING_INTERVAL')).toBe('3.6.1001');
  expect(veeReasonCode('FUTURE_TIME')).toBe('3.6.1017');
});

describe('1 MISSING_INTERVAL', () => {
  test('adjacent holes are one finding; a hole outside the service is none', () => {
    // Holes at 2, 3 and 47; the meter left service before the last half hour.
    const series = seriesOf([1, 1, null, null, ...repeated(1, 43), null]);
    expect(missingInterval(series, { span: DAY, expected: (index) => index < 47 })).toEqual([
      { rule: 'MISSING_INTERVAL', from: half(2), to: half(4), observed: 2, limit: 0 },
    ]);
  });
  test('a whole day has none', () => {
    expect(missingInterval(seriesOf(repeated(0, 48)), { span: DAY, expected: always })).toEqual([]);
  });
});

describe('2 DUPLICATE', () => {
  test('two values in one version are a finding, one value is not', () => {
    const series = seriesOf(repeated(5, 48));
    expect(duplicate(series, DAY)).toEqual([]);
    series.conflict[7] = 1;
    expect(duplicate(series, DAY)).toEqual([{ rule: 'DUPLICATE', from: half(7), to: half(8), observed: 1, limit: 0 }]);
  });
});

describe('rules of the stream', () => {
  test('3 INTERVAL_SIZE: half hours of a channel of quarter hours', () => {
    expect([intervalSize(30, 15), intervalSize(15, 15)]).toEqual([true, false]);
  });
  test('4 UNIT_OR_MULTIPLIER: another unit or another multiplier; one that is not said is not compared', () => {
    const registered = { unit: 'kWh', multiplier: 40 };
    expect(unitOrMultiplier({ unit: 'kvarh' }, registered)).toBe(true);
    expect(unitOrMultiplier({ unit: 'kWh', multiplier: 80 }, registered)).toBe(true);
    expect(unitOrMultiplier({ unit: 'kWh', multiplier: 40 }, registered)).toBe(false);
    expect(unitOrMultiplier({ unit: 'kWh' }, registered)).toBe(false);
  });
  test('5 NEGATIVE: below zero, not zero', () => {
    expect([negative(-0.001), negative(0), negative(1)]).toEqual([true, false, false]);
  });
  test('17 FUTURE_TIME: five minutes ahead are allowed, a millisecond more is not', () => {
    const at = (end: number) => futureTime({ end, receivedAt: START }, limits.futureTime);
    expect([at(START + 300_000), at(START + 300_001)]).toEqual([false, true]);
  });
});

describe('6 ZERO_USAGE', () => {
  const judge = (values: (number | null)[], outages: { start: number; end: number }[] = [], from = 0) =>
    zeroUsage(seriesOf(values), { span: { first: from, end: from + 48 }, outages }, limits.zeroUsage);
  test('48 half hours of zero are 24 h; 47 are not, nor are 48 with a hole', () => {
    const found = { rule: 'ZERO_USAGE', from: START, to: START + DAY_MS, observed: 24, limit: 24 };
    expect(judge(repeated(0, 48))).toEqual([found]);
    expect(judge([1, ...repeated(0, 47)])).toEqual([]);
    expect(judge([...repeated(0, 20), null, ...repeated(0, 27)])).toEqual([]);
  });
  test('the run is told on the day on which it reaches its limit, and not again', () => {
    // Zero from 12:00 of the first day: 24 h are reached at 12:00 of the second.
    const values = [...repeated(1, 24), ...repeated(0, 120)];
    const found = { rule: 'ZERO_USAGE', from: half(24), to: half(72), observed: 24, limit: 24 };
    expect([judge(values, [], 0), judge(values, [], 48), judge(values, [], 96)]).toEqual([[], [found], []]);
  });
  test('an outage over the run gives it the code of a power failure', () => {
    expect(judge(repeated(0, 48), [{ start: half(3), end: half(5) }])[0]?.cim).toBe('1.2.32');
  });
  test('a home that was empty within the four weeks before is known to be empty', () => {
    const values = [...repeated(0, 48), 1, ...repeated(0, 95)];
    expect(judge(values, [], 96)).toEqual([]);
  });
});

describe('7 SPIKE', () => {
  const judge = (values: (number | null)[], peakWh: number) => {
    const series = seriesOf(values);
    const day = summariseDay(series, { localDay: MONDAY, kind: 'working', span: DAY, expected: 48, inOutage: false });
    return spike(series, { day, history: [mondayBefore(1, 10_000, peakWh)] }, limits.spike);
  };
  test('(900 − 300) / 300 = 200 % and 900 > 1.5 × 500: a spike at its interval', () => {
    const values = [...repeated(100, 45), 300, 900, 400];
    expect(judge(values, 500)).toEqual([{ rule: 'SPIKE', from: half(46), to: half(47), observed: 2, limit: 1.8 }]);
  });
  test('not at exactly 180 %, not below the peak of four weeks, not with a third highest of zero', () => {
    expect(judge([...repeated(100, 45), 300, 840, 400], 500)).toEqual([]);
    expect(judge([...repeated(100, 45), 300, 900, 400], 600)).toEqual([]);
    expect(judge([...repeated(0, 45), 0, 900, 400], 100)).toEqual([]);
  });
  test('a day of 19 intervals is not judged, one of 20 is', () => {
    const of = (count: number) => [...repeated(100, count - 1), 900, ...Array.from({ length: 48 - count }, () => null)];
    expect([judge(of(19), 100).length, judge(of(20), 100).length]).toEqual([0, 1]);
  });
});

describe('8 SUM_CHECK', () => {
  const segment = (energyWh: number | null): RegisterSegment => ({
    from: START,
    to: START + DAY_MS,
    energyWh,
    why: 'advance',
    advanceWh: energyWh ?? 0,
    resolutionWh: 100 * 2,
  });
  test('48 × 100 Wh against 5225 Wh: 425 > 2 steps of 100 Wh × multiplier 2, and half a Wh per interval (424)', () => {
    const series = seriesOf(repeated(100, 48));
    expect(sumCheck(series, segment(5225), limits.sumCheck)).toEqual([
      { rule: 'SUM_CHECK', from: START, to: START + DAY_MS, observed: 425, limit: 424 },
    ]);
    expect(sumCheck(series, segment(5224), limits.sumCheck)).toEqual([]);
    expect(sumCheck(series, segment(4376), limits.sumCheck)).toEqual([]);
  });
  test('with a hole between the reads only what is there can be too much', () => {
    expect(sumCheck(seriesOf([null, ...repeated(100, 47)]), segment(9999), limits.sumCheck)).toEqual([]);
    // 47 × 100 − 4275 = 425.
    expect(sumCheck(seriesOf([null, ...repeated(100, 47)]), segment(4275), limits.sumCheck)).toHaveLength(1);
  });
  test('a register that says nothing, or says it of more than the series holds, is not compared', () => {
    expect(sumCheck(seriesOf(repeated(100, 24)), segment(9999), limits.sumCheck)).toEqual([]);
    expect(sumCheck(seriesOf(repeated(100, 48)), segment(null), limits.sumCheck)).toEqual([]);
  });
});

describe('9 HIGH_LOW', () => {
  const judge = (perHalfHour: number, likeDaysWh: number[], recentWh: number[] = []) => {
    const series = seriesOf(repeated(perHalfHour, 48));
    const day = summariseDay(series, { localDay: MONDAY, kind: 'working', span: DAY, expected: 48, inOutage: false });
    const likeDays = likeDaysWh.map((energyWh, week) => mondayBefore(week + 1, energyWh));
    return highLow(
      series,
      { day, likeDays, recent: recentWh.map((energyWh) => mondayBefore(1, energyWh)) },
      limits.highLow,
    );
  };
  test('48 × 1300 = 62.4 kWh over a mean of 10 kWh is 624 %; 48 × 1200 is 576 %', () => {
    expect(judge(1300, [9000, 10_000, 11_000])).toEqual([
      { rule: 'HIGH_LOW', from: START, to: START + DAY_MS, observed: 6.24, limit: 6 },
    ]);
    expect(judge(1200, [9000, 10_000, 11_000])).toEqual([]);
  });
  test('48 × 25 = 1.2 kWh is 12 % of 10 kWh and less than half of the lowest like day', () => {
    expect(judge(25, [9000, 10_000, 11_000])).toEqual([
      { rule: 'HIGH_LOW', from: START, to: START + DAY_MS, observed: 0.12, limit: 0.15 },
    ]);
    expect(judge(25, [2000, 14_000, 14_000])).toEqual([]);
  });
  test('the second day of an absence is no news', () => {
    expect(judge(25, [9000, 10_000, 11_000], [1200])).toEqual([]);
  });
  test('two like days are too few', () => {
    expect(judge(1300, [10_000, 10_000])).toEqual([]);
  });
});

describe('10 KVARH', () => {
  test('more kvarh than kWh, counted over what both channels have', () => {
    const active = seriesOf([null, ...repeated(100, 47)]);
    const day = { active, reactive: seriesOf([99_999, ...repeated(100, 47)]) };
    expect(kvarh(day, DAY, limits.kvarh)).toEqual([]);
    // 47 × 101 / 47 × 100.
    expect(kvarh({ active, reactive: seriesOf(repeated(101, 48)) }, DAY, limits.kvarh)).toEqual([
      { rule: 'KVARH', from: START, to: START + DAY_MS, observed: 1.01, limit: 1 },
    ]);
  });
});

describe('11 CAPACITY', () => {
  test('7201 Wh in half an hour are 14.402 kW, over 1.2 × 12 kVA; 7200 Wh are not', () => {
    const series = seriesOf([7200, 7201, ...repeated(0, 46)]);
    expect(capacity(series, { span: DAY, ratingKva: 12 }, limits.capacity)).toEqual([
      { rule: 'CAPACITY', from: half(1), to: half(2), observed: 14.402, limit: 14.4 },
    ]);
    expect(capacity(series, { span: DAY, ratingKva: undefined }, limits.capacity)).toEqual([]);
  });
});

describe('12 FLATLINE', () => {
  const judge = (values: (number | null)[]) => flatline(seriesOf(values), DAY, limits.flatline);
  test('48 times 250 Wh; not 47 times, not zero, not a change above 1e-5', () => {
    expect(judge(repeated(250, 48))).toEqual([
      { rule: 'FLATLINE', from: START, to: START + DAY_MS, observed: 24, limit: 24 },
    ]);
    expect(judge([251, ...repeated(250, 47)])).toEqual([]);
    expect(judge(repeated(0, 48))).toEqual([]);
    expect(judge([...repeated(1_000_000, 47), 1_000_011])).toEqual([]);
    expect(judge([...repeated(1_000_000, 47), 1_000_010])).toHaveLength(1);
  });
});

describe('13 TIME_DRIFT', () => {
  const before = Array.from({ length: 7 }, (_, n) => ({
    localDay: MONDAY - 1 - n,
    bestSeconds: -20,
    medianSeconds: -40,
  }));
  const judge = (bestSeconds: number, medianSeconds: number, history = before) =>
    timeDrift(
      {
        localDay: MONDAY,
        from: START,
        to: START + DAY_MS,
        offsets: [...history, { localDay: MONDAY, bestSeconds, medianSeconds }],
      },
      limits.timeDrift,
    ).map(({ observed }) => observed);
  test('a message that is 181 s ahead of its receipt proves it alone', () => {
    expect([judge(181, 170, []), judge(180, 170, [])]).toEqual([[181], []]);
  });
  test('a clock behind: the fastest message of 220 s against 20 s is −200 s', () => {
    expect([judge(-220, -240), judge(-200, -220)]).toEqual([[-200], []]);
  });
  test('a day that came in one late batch says nothing of the clock, nor do six days of history', () => {
    expect([judge(-220, -40_000), judge(-220, -240, before.slice(1))]).toEqual([[], []]);
  });
});

describe('14 REGISTER_ROLLBACK', () => {
  const segment = (why: RegisterSegment['why'], advanceWh: number): RegisterSegment => ({
    from: START,
    to: START + DAY_MS,
    energyWh: null,
    why,
    advanceWh,
    resolutionWh: 1,
  });
  test('a fall that nothing explains; an exchange is none', () => {
    expect(registerRollback([segment('rollback', -5000), segment('exchange', -9000)])).toEqual([
      { rule: 'REGISTER_ROLLBACK', from: START, to: START + DAY_MS, observed: -5000, limit: 0 },
    ]);
  });
});

describe('15 INACTIVE_METER', () => {
  test('usage before the service begins, with the standard code of it; zeros are none', () => {
    const series = seriesOf([0, 5, 7, ...repeated(9, 45)]);
    expect(inactiveMeter(series, { span: DAY, serves: (index) => index >= 3 })).toEqual([
      { rule: 'INACTIVE_METER', from: half(1), to: half(3), observed: 12, limit: 0, cim: '3.6.2' },
    ]);
  });
});

describe('16 PROLONGED_ESTIMATION', () => {
  const calendar = new DayCalendar('UTC', 'none');
  const judge = (measuredLast: number, since = MONDAY - 100) =>
    prolongedEstimation(
      calendar,
      calendar.day(MONDAY),
      { measured: (day) => day <= measuredLast, since },
      limits.prolongedEstimation,
    );
  test('the eighth day on end without a measured interval, from the first of them; not the seventh', () => {
    // Last measured 8 days ago: days −7 … 0 are eight.
    expect(judge(MONDAY - 8)).toEqual([
      { rule: 'PROLONGED_ESTIMATION', from: START - 7 * DAY_MS, to: START + DAY_MS, observed: 8, limit: 7 },
    ]);
    expect(judge(MONDAY - 7)).toEqual([]);
  });
  test('days before the service are none', () => {
    expect(judge(0, MONDAY - 6)).toEqual([]);
  });
});
