import fc from 'fast-check';
import type { Flow } from '../../../layers/contracts/messages/channels.ts';
import { DEFAULT_VEE_SETTINGS } from '../../../layers/contracts/vee/settings.ts';
import { dateOf } from '../../../layers/domain/calendar/local-days.ts';
import type { Period } from '../../../layers/domain/calendar/local-periods.ts';
import type { RegisterSegment } from '../../../layers/domain/registers/register-energy.ts';
import { DayCalendar } from '../../../layers/domain/vee/day-calendar.ts';
import { type EstimationSources, estimateDay } from '../../../layers/domain/vee/estimation/estimate-day.ts';
import { apportion } from '../../../layers/domain/vee/estimation/register-scaling.ts';
import { MeterHistory } from '../../../layers/domain/vee/meter-history.ts';
import { emptySeries, type IntervalSeries, spanOf, startAt } from '../../../layers/domain/vee/series.ts';

const settings = DEFAULT_VEE_SETTINGS.estimation;
const HALF_HOUR = 1_800_000;
const ALWAYS = [{ start: 0, end: Number.POSITIVE_INFINITY }];

interface Case {
  /** Wh of an interval by local date and minute of the day on the wall; null is a hole. */
  value(day: number, minute: number): number | null;
  /** Local date to estimate; 30 days before and 3 after it are there. */
  date: string;
  timeZone?: string;
  flow?: Flow;
  segments?: RegisterSegment[];
  outages?: Period[];
  powerEvents?: number[];
  sources?: Partial<EstimationSources>;
  services?: Period[];
  minutes?: number;
}

function estimate(one: Case) {
  const { timeZone = 'Australia/Sydney', flow = 'forward', outages = [], services = ALWAYS, minutes = 30 } = one;
  const calendar = new DayCalendar(timeZone, 'AU-NSW');
  const day = calendar.day(dateOf(one.date));
  const from = calendar.day(day.localDay - 30).period.start;
  const series = emptySeries({ start: from, end: calendar.day(day.localDay + 3).period.end }, minutes);
  for (let index = 0; index < series.quality.length; index++) {
    const at = startAt(series, index);
    const its = calendar.dayAt(at);
    const energyWh = one.value(its.localDay - day.localDay, calendar.wallMinute(its, at));
    if (energyWh === null) continue;
    series.energyWh[index] = energyWh;
    series.quality[index] = 2;
  }
  const history = new MeterHistory({ series, calendar, flow, services, outages });
  const sources = {
    history,
    segments: one.segments ?? [],
    outages,
    powerEvents: one.powerEvents ?? [],
    ...one.sources,
  };
  const span = spanOf(series, day.period);
  const estimates = estimateDay(sources, span, settings).map(({ index, ...rest }) => ({
    at: index - span.first,
    ...rest,
  }));
  return { estimates, day, series, span };
}
const energies = ({ estimates }: ReturnType<typeof estimate>) => estimates.map(({ energyWh }) => energyWh);
const segment = (from: number, to: number, energyWh: number, resolutionWh = 1): RegisterSegment => ({
  from,
  to,
  energyWh,
  why: 'advance',
  advanceWh: energyWh,
  resolutionWh,
});
const WEDNESDAY = '2012-08-15';
const midnight = Date.UTC(2012, 7, 14, 14);
const at = (slot: number) => midnight + slot * HALF_HOUR;
const hole = (first: number, end: number, energyWh: (minute: number) => number) => (day: number, minute: number) =>
  day === 0 && minute >= first * 30 && minute < end * 30 ? null : energyWh(minute);

describe('1 check meter', () => {
  test('what the check meter measured in the gap, one reference', () => {
    const found = estimate({ date: WEDNESDAY, value: hole(10, 12, () => 100) });
    const check: IntervalSeries = {
      ...found.series,
      energyWh: found.series.energyWh.slice(),
      quality: found.series.quality.slice(),
    };
    check.energyWh.fill(333);
    check.quality.fill(2);
    expect(estimate({ date: WEDNESDAY, value: hole(10, 12, () => 100), sources: { check } }).estimates).toEqual([
      { at: 10, energyWh: 333, method: 'CHECK_METER', references: 1 },
      { at: 11, energyWh: 333, method: 'CHECK_METER', references: 1 },
    ]);
  });
});

describe('2 linear', () => {
  // Neighbours 09 → 100 Wh and 14 → 600 Wh: steps of 100 Wh.
  const value = hole(10, 14, (minute) => (minute < 300 ? 100 : 600));
  test('two hours between measured neighbours are a line', () => {
    const found = estimate({ date: WEDNESDAY, value });
    expect(energies(found)).toEqual([200, 300, 400, 500]);
    expect(found.estimates.every(({ method, references }) => method === 'LINEAR' && references === 2)).toBe(true);
  });
  test('half an hour more is taken from like days', () => {
    const found = estimate({ date: WEDNESDAY, value: hole(10, 15, (minute) => (minute < 300 ? 100 : 600)) });
    expect(energies(found)).toEqual([600, 600, 600, 600, 600]);
    expect(found.estimates[0]?.method).toBe('LIKE_DAYS');
  });
  test('a power event between the neighbours, and the line is not drawn', () => {
    const methods = (powerEvents: number[]) =>
      estimate({ date: WEDNESDAY, value, powerEvents }).estimates.map(({ method }) => method);
    expect(new Set(methods([at(12)]))).toEqual(new Set(['LIKE_DAYS']));
    expect(new Set(methods([at(20)]))).toEqual(new Set(['LINEAR']));
  });
  test('a gap over midnight is as long as it is, whichever day looks', () => {
    // 22:30 to 01:30: three hours, of which this day holds one and a half.
    const overMidnight = (day: number, minute: number) =>
      (day === 0 && minute >= 1350) || (day === 1 && minute < 90) ? null : 100;
    expect(estimate({ date: WEDNESDAY, value: overMidnight }).estimates.map(({ method }) => method)).toEqual([
      'LIKE_DAYS',
      'LIKE_DAYS',
      'LIKE_DAYS',
    ]);
  });
});

describe('3 like days', () => {
  test('mean of the three nearest working days before: 14, 13 and 10 August give (1 + 2 + 5) × 10 / 3', () => {
    const value = (day: number, minute: number) => (day === 0 && minute < 720 ? null : Math.abs(day) * 10);
    const found = estimate({ date: WEDNESDAY, value });
    expect(found.estimates[0]).toEqual({ at: 0, energyWh: 27, method: 'LIKE_DAYS', references: 3 });
  });
  test('a day with a hole, and a day with an outage, are passed over', () => {
    const value = (day: number, minute: number) =>
      (day === 0 && minute < 720) || (day === -1 && minute === 0) ? null : Math.abs(day) * 10;
    const outages = [{ start: at(0) - 48 * 3_600_000, end: at(0) - 47 * 3_600_000 }];
    // 10, 9 and 8 August: (5 + 6 + 7) × 10 / 3.
    expect(energies(estimate({ date: WEDNESDAY, value, outages }))[0]).toBe(60);
  });
  test('a holiday is like Sundays: Labour Day, Monday 1 October 2012', () => {
    const value = (day: number, minute: number) => (day === 0 && minute < 720 ? null : Math.abs(day) * 10);
    // Sundays 30, 23 and 16 September are 1, 8 and 15 days before.
    expect(energies(estimate({ date: '2012-10-01', value }))[0]).toBe(80);
  });
  test('later days are never looked at', () => {
    const value = (day: number, minute: number) => (day === 0 && minute < 720 ? null : day > 0 ? 9999 : 10);
    expect(energies(estimate({ date: WEDNESDAY, value }))[0]).toBe(10);
  });
});

describe('4 class profile', () => {
  const value = (day: number, minute: number) => (day <= 0 && !(day === 0 && minute >= 720) ? null : 50);
  const profile = () => 77.4;
  test('where the meter has no like days', () => {
    const found = estimate({ date: WEDNESDAY, value, sources: { profile } });
    expect(found.estimates[0]).toEqual({ at: 0, energyWh: 77, method: 'CLASS_PROFILE', references: 1 });
  });
  test('never for export: it is held', () => {
    const found = estimate({ date: WEDNESDAY, value, flow: 'reverse', sources: { profile } });
    expect(found.estimates[0]).toEqual({ at: 0, energyWh: null, method: null, references: 0 });
  });
});

describe('5 flat', () => {
  const value = (day: number, minute: number) => (day <= 0 && !(day === 0 && minute >= 720) ? null : 50);
  test('what the register advanced, less what was measured, evenly: (24 × 50 + 2410 − 1200) / 24', () => {
    const found = estimate({ date: WEDNESDAY, value, segments: [segment(at(0), at(48), 2410 + 1200)] });
    // 2410 over 24 half hours is 100 each and 10 left.
    expect(energies(found)).toEqual([
      ...Array.from({ length: 10 }, () => 101),
      ...Array.from({ length: 14 }, () => 100),
    ]);
    expect(found.estimates[0]).toEqual({ at: 0, energyWh: 101, method: 'FLAT', references: 0 });
  });
  test('without a register the intervals are held', () => {
    expect(estimate({ date: WEDNESDAY, value }).estimates.map(({ energyWh }) => energyWh)).toEqual(
      Array.from({ length: 24 }, () => null),
    );
  });
});

describe('scaled to the register', () => {
  const value = hole(10, 14, (minute) => (minute < 300 ? 100 : 600));
  test('the line 200 300 400 500 becomes 2 : 3 : 4 : 5 of what is left: 700', () => {
    // Measured: 10 × 100 + 34 × 600 = 21,400.
    const found = estimate({ date: WEDNESDAY, value, segments: [segment(at(0), at(48), 22_100)] });
    expect(energies(found)).toEqual([100, 150, 200, 250]);
  });
  test('reads days apart: each missing interval between them gets its share', () => {
    const twoDays = (day: number, minute: number) => ((day === 0 || day === 1) && minute < 60 ? null : 100);
    // 96 intervals; 92 × 100 measured; 4 × 100 shaped; 800 left.
    const found = estimate({ date: WEDNESDAY, value: twoDays, segments: [segment(at(0), at(96), 10_000)] });
    expect(energies(found)).toEqual([200, 200]);
  });
  test('more was measured than the register counted: not scaled, the sum check says it', () => {
    const found = estimate({ date: WEDNESDAY, value, segments: [segment(at(0), at(48), 20_000)] });
    expect(energies(found)).toEqual([200, 300, 400, 500]);
  });
  test('a register of 1 kWh steps moves estimates no further than its step demands', () => {
    // 1,400 shaped; the register says 22,000 − 21,400 = 600, give or take 999.
    const near = estimate({ date: WEDNESDAY, value, segments: [segment(at(0), at(48), 22_000, 1000)] });
    expect(energies(near)).toEqual([200, 300, 400, 500]);
    // 200 left, at most 1,199: 2/14, 3/14, 4/14 and 5/14 of it are 171.3, 256.9, 342.6 and 428.2.
    const far = estimate({ date: WEDNESDAY, value, segments: [segment(at(0), at(48), 21_600, 1000)] });
    expect(energies(far)).toEqual([171, 257, 343, 428]);
  });
  test('shares add up to the total, whatever they are', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 1_000_000 }),
        fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 60 }),
        (totalWh, shares) => {
          const whole = apportion(totalWh, shares);
          expect(whole.reduce((sum, energyWh) => sum + energyWh, 0)).toBe(totalWh);
          expect(whole.every((energyWh) => Number.isInteger(energyWh) && energyWh >= 0)).toBe(true);
        },
      ),
    );
  });
});

describe('outages', () => {
  // 05:00 to 07:00 missing; the supply was out from 05:10 to 06:40.
  const value = hole(10, 14, () => 300);
  const outages = [{ start: at(10) + 600_000, end: at(13) + 600_000 }];
  test('no phantom energy across an outage: zero inside, powered minutes at its edges', () => {
    const found = estimate({ date: WEDNESDAY, value, outages });
    // 10 of 30 minutes and 20 of 30 minutes of the like days' 300 Wh.
    expect(found.estimates).toEqual([
      { at: 10, energyWh: 100, method: 'LIKE_DAYS', references: 3 },
      { at: 11, energyWh: 0, method: 'OUTAGE', references: 0 },
      { at: 12, energyWh: 0, method: 'OUTAGE', references: 0 },
      { at: 13, energyWh: 200, method: 'LIKE_DAYS', references: 3 },
    ]);
  });
  test('the register scales the edges and leaves the outage zero', () => {
    const found = estimate({ date: WEDNESDAY, value, outages, segments: [segment(at(0), at(48), 44 * 300 + 150)] });
    expect(energies(found)).toEqual([50, 0, 0, 100]);
  });
  test('a gap is never silently zero: without an outage it is estimated', () => {
    expect(energies(estimate({ date: WEDNESDAY, value }))).toEqual([300, 300, 300, 300]);
  });
  test('a measured value inside an outage stays', () => {
    const measured = (day: number, minute: number) => (day === 0 && minute === 330 ? 42 : value(day, minute));
    expect(estimate({ date: WEDNESDAY, value: measured, outages }).estimates.map(({ at: slot }) => slot)).toEqual([
      10, 12, 13,
    ]);
  });
});

describe('days of 23 and 25 hours', () => {
  // Like days tell the minute of the wall clock, so an estimate shows which minute it was taken from.
  const missing = (day: number, minute: number) => (day === 0 ? null : minute);
  const halfHours = (date: string, minutes = 30) => energies(estimate({ date, value: missing, minutes }));
  const wall = (skip: (minute: number) => boolean, twice: (minute: number) => boolean, step: number) => {
    const all = Array.from({ length: 1440 / step }, (_, n) => n * step).filter((minute) => !skip(minute));
    const again = all.filter(twice);
    const at = all.findIndex((minute) => minute >= 180);
    return [...all.slice(0, at), ...again, ...all.slice(at)];
  };
  const inThe = (from: number, to: number) => (minute: number) => minute >= from && minute < to;
  const never = () => false;
  test('7 October 2012, 46 half hours: 02:00 to 03:00 does not exist', () => {
    const found = halfHours('2012-10-07');
    expect(found).toHaveLength(46);
    expect(found).toEqual(wall(inThe(120, 180), never, 30));
  });
  test('7 April 2013, 50 half hours: 02:00 to 03:00 comes twice', () => {
    const found = halfHours('2013-04-07');
    expect(found).toHaveLength(50);
    expect(found).toEqual(wall(never, inThe(120, 180), 30));
  });
  test('92 and 100 quarter hours', () => {
    expect(halfHours('2012-10-07', 15)).toEqual(wall(inThe(120, 180), never, 15));
    expect(halfHours('2013-04-07', 15)).toEqual(wall(never, inThe(120, 180), 15));
    expect([halfHours('2012-10-07', 15).length, halfHours('2013-04-07', 15).length]).toEqual([92, 100]);
  });
  test('a like day that skips the hour is passed over for it', () => {
    // Sunday 14 October; Sundays before: 7 October (23 h), 30 and 23 September; Labour Day 1 October is like them.
    const value = (day: number, minute: number) => (day === 0 ? null : minute === 120 ? Math.abs(day) : 0);
    const found = estimate({ date: '2012-10-14', value });
    // At 02:00: 13, 14 and 21 days before, without the 7th day before.
    expect(found.estimates[4]).toEqual({ at: 4, energyWh: 16, method: 'LIKE_DAYS', references: 3 });
  });
});

test('intervals outside the service are not estimated', () => {
  const services = [{ start: 0, end: at(11) + 60_000 }];
  const found = estimate({ date: WEDNESDAY, value: hole(10, 48, () => 100), services });
  expect(found.estimates.map(({ at: slot }) => slot)).toEqual([10, 11]);
});

test('the same sources give the same estimates, and nothing measured is touched', () => {
  fc.assert(
    fc.property(fc.array(fc.option(fc.nat({ max: 2000 }), { freq: 2 }), { minLength: 48, maxLength: 48 }), (values) => {
      const value = (day: number, minute: number) => (day === 0 ? (values[minute / 30] ?? null) : 100 + minute);
      const once = estimate({ date: WEDNESDAY, value, segments: [segment(at(0), at(48), 30_000)] });
      const again = estimate({ date: WEDNESDAY, value, segments: [segment(at(0), at(48), 30_000)] });
      expect(again.estimates).toEqual(once.estimates);
      const missing = values.flatMap((energyWh, slot) => (energyWh === null ? [slot] : []));
      expect(once.estimates.map(({ at: slot }) => slot)).toEqual(missing);
      values.forEach((energyWh, slot) => {
        if (energyWh !== null) expect(once.series.energyWh[once.span.first + slot]).toBe(energyWh);
      });
    }),
    { numRuns: 30 },
  );
});
