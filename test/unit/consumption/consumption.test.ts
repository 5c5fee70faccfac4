import fc from 'fast-check';
import { consumption } from '../../../layers/domain/consumption/consumption.ts';
import { gaps } from '../../../layers/domain/consumption/gaps.ts';
import type { Service } from '../../../layers/domain/consumption/service.ts';
import { DAY_MS, dayOf } from '../../../layers/domain/readings/calendar-day.ts';
import { DaySummaries } from '../../../layers/domain/windows/day-summary.ts';
import { dayOfReadings } from '../../harness/day-of-readings.ts';

interface Reading {
  meterNo: number;
  start: number;
  energyWh: number;
  quality: number;
}

/** Readings of one entity's meters as the stores would answer them. */
const portsOf = (readings: readonly Reading[], services: readonly Service[], intervalMinutes = 30) => ({
  windows: {
    async daysOf({ fromDay, toDay }: { fromDay: number; toDay: number }) {
      const sum = new DaySummaries();
      const byMeterDay = Map.groupBy(readings, ({ meterNo, start }) => `${meterNo}/${dayOf(start)}`);
      for (const ofDay of byMeterDay.values()) {
        const { meterNo, start: first } = ofDay[0] as Reading;
        const day = dayOf(first);
        if (day < fromDay || day >= toDay) continue;
        const slots = ofDay.map((reading) => ({
          ...reading,
          slot: (reading.start - day * DAY_MS) / (intervalMinutes * 60_000),
        }));
        const memberships = services.filter((service) => service.meterNo === meterNo);
        sum.addMeterDay(dayOfReadings({ meterNo, day, intervalMinutes }, slots), memberships);
      }
      return sum.list();
    },
  },
  topology: { serviceGroups: async () => services.map((service) => ({ ...service, meters: 1, transformerId: 'T1' })) },
});
const entity = { kind: 'feeder', id: 'F1' } as const;

const at = (text: string) => Date.parse(text);
const LONG_AFTER = at('2026-01-01T00:00:00Z');
const HALF_HOUR = 1_800_000;

describe('consumption', () => {
  test('a period with nothing in it has no value, and a partial one the sum of what is there', async () => {
    const services: Service[] = [{ meterNo: 1, from: at('2012-10-06T00:00:00Z'), to: null, intervalMinutes: 30 }];
    const readings = [
      { meterNo: 1, start: at('2012-10-06T00:00:00Z'), energyWh: 112, quality: 2 },
      { meterNo: 1, start: at('2012-10-06T00:30:00Z'), energyWh: 1, quality: 1 },
    ];
    const periods = await consumption(portsOf(readings, services), {
      entity,
      from: at('2012-10-06T00:00:00Z'),
      to: at('2012-10-08T00:00:00Z'),
      granularity: 'day',
      timeZone: 'UTC',
      now: LONG_AFTER,
      singleMeters: true,
    });
    expect(
      periods.map(({ value, intervalsExpected, intervalsPresent, estimatedShare }) => [
        value,
        intervalsExpected,
        intervalsPresent,
        estimatedShare,
      ]),
    ).toEqual([
      [0.113, 48, 2, 0.5],
      [null, 48, 0, null],
    ]);
  });

  test.each([
    ['2012-10-07', 23],
    ['2013-04-07', 25],
  ])('on %s Sydney expects the intervals of %i hours', async (date, hours) => {
    const [first] = await consumption(portsOf([], [{ meterNo: 1, from: 0, to: null, intervalMinutes: 30 }]), {
      entity,
      from: at(`${date}T00:00:00${date < '2013' ? '+10:00' : '+11:00'}`),
      to: at(`${date}T23:59:59${date < '2013' ? '+11:00' : '+10:00'}`) + 1000,
      granularity: 'day',
      timeZone: 'Australia/Sydney',
      now: LONG_AFTER,
      singleMeters: true,
    });
    expect(first?.intervalsExpected).toBe(2 * hours);
  });

  test('what has not ended yet is not expected yet', async () => {
    const from = at('2012-10-06T00:00:00Z');
    const [first] = await consumption(portsOf([], [{ meterNo: 1, from: 0, to: null, intervalMinutes: 30 }]), {
      entity,
      from,
      to: from + DAY_MS,
      granularity: 'day',
      timeZone: 'UTC',
      now: from + 3 * HALF_HOUR + 1,
      singleMeters: true,
    });
    expect(first?.intervalsExpected).toBe(3);
  });

  test('equals a sum by local label, whatever the zone, range, services and holes', async () => {
    const base = at('2013-04-05T00:00:00Z') / HALF_HOUR;
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('UTC', 'Australia/Sydney', 'Asia/Kolkata'),
        fc.constantFrom('hour' as const, 'day' as const, 'month' as const),
        fc.tuple(fc.integer({ min: 0, max: 200 }), fc.integer({ min: 1, max: 200 })),
        fc.uniqueArray(
          fc.record({
            meterNo: fc.integer({ min: 1, max: 3 }),
            slot: fc.integer({ min: -20, max: 420 }),
            energyWh: fc.integer({ min: 0, max: 100_000 }),
            quality: fc.integer({ min: 1, max: 3 }),
          }),
          { selector: ({ meterNo, slot }) => `${meterNo}/${slot}`, maxLength: 300 },
        ),
        fc.integer({ min: 0, max: 300 }),
        async (timeZone, granularity, [first, length], slots, serviceStart) => {
          const from = (base + first) * HALF_HOUR;
          const to = from + length * HALF_HOUR;
          const serviceFrom = (base + serviceStart) * HALF_HOUR;
          const services = [1, 2].map((meterNo) => ({ meterNo, from: serviceFrom, to: null, intervalMinutes: 30 }));
          const readings = slots.map(({ slot, ...rest }) => ({ ...rest, start: (base + slot) * HALF_HOUR }));
          const periods = await consumption(portsOf(readings, services), {
            entity,
            from,
            to,
            granularity,
            timeZone,
            now: LONG_AFTER,
            singleMeters: true,
          });
          for (const period of periods) {
            const inside = (time: number) => time >= at(period.start) && time < at(period.end);
            const counted = readings.filter(
              ({ meterNo, start }) => meterNo < 3 && start >= serviceFrom && inside(start),
            );
            const energyWh = counted.reduce((sum, reading) => sum + reading.energyWh, 0);
            expect(period.value).toBe(counted.length === 0 ? null : energyWh / 1000);
            expect(period.intervalsPresent).toBe(counted.length);
            let expected = 0;
            for (let time = from; time < to; time += HALF_HOUR) if (inside(time) && time >= serviceFrom) expected += 2;
            expect(period.intervalsExpected).toBe(expected);
          }
          expect(periods[0]?.start).toBe(new Date(from).toISOString());
          expect(periods.at(-1)?.end).toBe(new Date(to).toISOString());
        },
      ),
      { numRuns: 100, seed: 20130407 },
    );
  });
});

describe('gaps', () => {
  const from = at('2012-10-06T00:00:00Z');
  const services = [{ meterNo: 1, from: from + HALF_HOUR, to: from + 10 * HALF_HOUR, intervalMinutes: 30 }];

  test('adjacent missing intervals are one gap, and none lies outside the service', () => {
    const present = new Set([from + 3 * HALF_HOUR]);
    expect(gaps({ from, to: from + DAY_MS, now: LONG_AFTER, services, present })).toEqual([
      { start: from + HALF_HOUR, end: from + 3 * HALF_HOUR, reason: 'missing' },
      { start: from + 4 * HALF_HOUR, end: from + 10 * HALF_HOUR, reason: 'missing' },
    ]);
  });

  test('what ended less than a day ago is awaited, what has not ended is no gap', () => {
    const now = from + 3 * HALF_HOUR + 1;
    expect(gaps({ from, to: from + DAY_MS, now, services, present: new Set() })).toEqual([
      { start: from + HALF_HOUR, end: from + 3 * HALF_HOUR, reason: 'awaited' },
    ]);
  });
});
