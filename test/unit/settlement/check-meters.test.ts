import { DEFAULT_VEE_SETTINGS } from '../../../layers/contracts/vee/settings.ts';
import { dateOf } from '../../../layers/domain/calendar/local-days.ts';
import { settleUsagePoint } from '../../../layers/domain/settlement/settle-usage-point.ts';
import type { ServedMeter } from '../../../layers/domain/settlement/settlement-store.ts';
import { DayCalendar } from '../../../layers/domain/vee/day-calendar.ts';

const HALF_HOUR = 1_800_000;
const DATE = '2026-03-04';
const at = (clock: string): number => Date.parse(`${DATE}T${clock}Z`);
const ALWAYS = [{ start: 0, end: Number.POSITIVE_INFINITY }];
const MAIN = 1;
const CHECK = 2;

const meter = (meterNo: number, over: Partial<ServedMeter> = {}): ServedMeter => ({
  meterNo,
  services: ALWAYS,
  channels: [{ channel: 1, intervalMinutes: 30, forms: [] }],
  ...over,
});

/** The main meter has 300 Wh in every half hour but from 10:00 to 11:00; the check meter 291 in every one but `silent`. */
async function settled(checks: ServedMeter[], silent: string[] = []) {
  const calendar = new DayCalendar('UTC', 'none');
  const asked = new Set<number>();
  const { channels } = await settleUsagePoint(
    {
      readings: {
        async readIntervals({ meterNo, from, to }) {
          asked.add(meterNo);
          const found = [];
          for (let start = Math.ceil(from / HALF_HOUR) * HALF_HOUR; start < to; start += HALF_HOUR) {
            const isGap = start >= at('10:00:00') && start < at('11:00:00');
            if (meterNo === MAIN ? isGap : silent.some((clock) => at(clock) === start)) continue;
            const energyWh = meterNo === MAIN ? 300 : 291;
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
      facts: { registerReads: async () => [], events: async () => [], outages: async () => [] },
    },
    { usagePointId: 'U1', ratingKva: undefined, meters: [meter(MAIN)], checks },
    {
      calendar,
      day: calendar.day(dateOf(DATE)),
      cutoff: at('23:59:59'),
      settings: DEFAULT_VEE_SETTINGS,
      periodOf: () => 'all',
      profileOf: async () => undefined,
    },
  );
  const [channel] = channels;
  return {
    meters: channel?.days.map(({ meterNo }) => meterNo),
    gap: channel?.days[0]?.intervals.slice(20, 22).map(({ energyWh, method }) => [energyWh, method]),
    energyWh: channel?.determinants.energyWh,
    askedCheck: asked.has(CHECK),
  };
}

test('what the check meter measured stands in for what the main meter lacks, before the line; it is billed nowhere itself', async () => {
  const found = await settled([meter(CHECK)]);
  expect(found.gap).toEqual([
    [291, 'CHECK_METER'],
    [291, 'CHECK_METER'],
  ]);
  expect([found.meters, found.energyWh]).toEqual([[MAIN], 46 * 300 + 2 * 291]);
});

test('where the check meter has nothing either, the next method does', async () => {
  expect((await settled([meter(CHECK)], ['10:30:00'])).gap).toEqual([
    [291, 'CHECK_METER'],
    [300, 'LINEAR'],
  ]);
});

test('it counts while it is installed: until 10:30', async () => {
  const services = [{ start: 0, end: at('10:30:00') }];
  expect((await settled([meter(CHECK, { services })])).gap).toEqual([
    [291, 'CHECK_METER'],
    [300, 'LINEAR'],
  ]);
});

test('another channel or another interval length checks nothing, and is not read', async () => {
  for (const channel of [
    { channel: 2, intervalMinutes: 30, forms: [] },
    { channel: 1, intervalMinutes: 15, forms: [] },
  ]) {
    const found = await settled([meter(CHECK, { channels: [channel] })]);
    expect(found.gap).toEqual([
      [300, 'LINEAR'],
      [300, 'LINEAR'],
    ]);
    expect(found.askedCheck).toBe(false);
  }
});
