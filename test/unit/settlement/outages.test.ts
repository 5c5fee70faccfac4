import { DEFAULT_VEE_SETTINGS } from '../../../layers/contracts/vee/settings.ts';
import { dateOf } from '../../../layers/domain/calendar/local-days.ts';
import type { Period } from '../../../layers/domain/calendar/local-periods.ts';
import { settleUsagePoint } from '../../../layers/domain/settlement/settle-usage-point.ts';
import { DayCalendar } from '../../../layers/domain/vee/day-calendar.ts';

const HALF_HOUR = 1_800_000;
/** A Wednesday, UTC. */
const DATE = '2026-03-04';
const at = (clock: string): number => Date.parse(`${DATE}T${clock}Z`);
const EVERY_WH = 300;

/** 300 Wh in every half hour of six weeks; on the day nothing from 10:00 to 13:00 but what `measured` says. */
async function settled(outages: Period[], measured: Record<string, number> = {}) {
  const calendar = new DayCalendar('UTC', 'none');
  const day = calendar.day(dateOf(DATE));
  const late = new Map(Object.entries(measured).map(([clock, energyWh]) => [at(clock), energyWh]));
  const { channels, judged } = await settleUsagePoint(
    {
      readings: {
        async readIntervals({ from, to }) {
          const found = [];
          for (let start = from; start < to; start += HALF_HOUR) {
            const energyWh = start >= at('10:00:00') && start < at('13:00:00') ? late.get(start) : EVERY_WH;
            if (energyWh === undefined) continue;
            const end = start + HALF_HOUR;
            found.push({
              start,
              end,
              energyWh,
              quality: 2,
              conflict: false,
              recordedAt: end,
              revision: 0,
              versions: 1,
            });
          }
          return found;
        },
      },
      facts: {
        registerReads: async () => [],
        // The meter told both ends, so that no line is drawn across them.
        events: async () =>
          outages.flatMap(({ start, end }) => [
            { occurredAt: start, event: 'LAST_GASP' },
            { occurredAt: end, event: 'POWER_RETURNED' },
          ]),
        outages: async () => outages,
      },
    },
    {
      usagePointId: 'U1',
      ratingKva: undefined,
      checks: [],
      meters: [
        {
          meterNo: 1,
          services: [{ start: 0, end: Number.POSITIVE_INFINITY }],
          channels: [{ channel: 1, intervalMinutes: 30, forms: [] }],
        },
      ],
    },
    {
      calendar,
      day,
      cutoff: at('23:59:59'),
      settings: DEFAULT_VEE_SETTINGS,
      periodOf: () => 'all',
      profileOf: async () => undefined,
    },
  );
  const found = channels[0]?.days[0]?.intervals ?? [];
  expect(found).toHaveLength(48);
  return {
    intervals: found.slice(20, 26).map(({ energyWh, method, quality }) => [energyWh, method, quality]),
    energyWh: channels[0]?.determinants.energyWh,
    billable: channels[0]?.determinants.billable,
    rules: judged[0]?.findings.map(({ rule }) => rule),
  };
}

const like = [EVERY_WH, 'LIKE_DAYS', 'referenceDay'];

test('only intervals wholly inside are zero; those at its edges get their powered minutes, the others what they always had', async () => {
  // Away 10:07 to 11:52: 7 of 30 minutes of 10:00 have power (300 × 7 / 30 = 70), 8 of 11:30 (80).
  const { intervals, energyWh, billable } = await settled([{ start: at('10:07:00'), end: at('11:52:00') }]);
  expect(intervals).toEqual([
    [70, 'LIKE_DAYS', 'referenceDay'],
    [0, 'OUTAGE', 'powerFailure'],
    [0, 'OUTAGE', 'powerFailure'],
    [80, 'LIKE_DAYS', 'referenceDay'],
    like,
    like,
  ]);
  expect([energyWh, billable]).toEqual([42 * EVERY_WH + 70 + 80 + 600, true]);
});

test('an outage that begins and ends on boundaries has no edges: 10:30 to 11:30', async () => {
  const { intervals } = await settled([{ start: at('10:30:00'), end: at('11:30:00') }]);
  expect(intervals).toEqual([like, [0, 'OUTAGE', 'powerFailure'], [0, 'OUTAGE', 'powerFailure'], like, like, like]);
});

test('two outages in one half hour: 10:05 to 10:10 and 10:20 to 10:30 leave 15 minutes of it, 150 Wh', async () => {
  const { intervals } = await settled([
    { start: at('10:05:00'), end: at('10:10:00') },
    { start: at('10:20:00'), end: at('10:30:00') },
  ]);
  expect(intervals[0]).toEqual([150, 'LIKE_DAYS', 'referenceDay']);
});

test('energy measured in an interval wholly inside stays, and the outage counts for nothing of this meter', async () => {
  const { intervals } = await settled([{ start: at('10:07:00'), end: at('11:52:00') }], { '11:00:00': 120 });
  expect(intervals).toEqual([like, like, [120, null, 'validated'], like, like, like]);
});

test('a measured zero inside, and a measurement at an edge, dispute nothing', async () => {
  const { intervals } = await settled([{ start: at('10:07:00'), end: at('11:52:00') }], {
    '10:00:00': 60,
    '11:00:00': 0,
  });
  expect(intervals).toEqual([
    [60, null, 'validated'],
    [0, 'OUTAGE', 'powerFailure'],
    [0, null, 'validated'],
    [80, 'LIKE_DAYS', 'referenceDay'],
    like,
    like,
  ]);
});

test('what no outage explains is a gap that is estimated, never zero', async () => {
  expect((await settled([])).intervals).toEqual([like, like, like, like, like, like]);
});
