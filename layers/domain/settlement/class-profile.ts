import { CHANNELS } from '../../contracts/messages/channels.ts';
import type { ReadingStore } from '../readings/reading-store.ts';
import type { CalendarDay, DayCalendar } from '../vee/day-calendar.ts';
import type { MeterHistory } from '../vee/meter-history.ts';
import { emptySeries, placeIntervals, startAt } from '../vee/series.ts';
import { HISTORY_DAYS } from './settle-usage-point.ts';
import type { ServedUsagePoint } from './settlement-store.ts';

/** Usage points of a region, the first by id, whose mean is the class's; fewer whole days than `least` are no class. [proposed] */
export const PROFILE_SAMPLE = { most: 50, least: 5 } as const;

/** Mean energy by minute of the wall clock, Wh per interval of so many minutes. */
type Profile = { byMinute: Map<number, number>; dayWh: number } | undefined;

/**
 * The class profile of a day: the mean of a fixed sample of meters with intervals of one length that measured the whole day,
 * as it was known at the cutoff. A meter takes it in proportion to its own mean day; one that never had a whole day takes it as it is.
 */
export function classProfiles(
  ports: { readings: Pick<ReadingStore, 'readIntervals'>; sample: () => Promise<readonly ServedUsagePoint[]> },
  of: { calendar: DayCalendar; day: CalendarDay; cutoff: number },
): (history: MeterHistory) => Promise<((start: number) => number | undefined) | undefined> {
  const known = new Map<number, Promise<Profile>>();
  return async (history) => {
    const { intervalMinutes } = history.series;
    const profile = known.get(intervalMinutes) ?? meanDay(ports, of, intervalMinutes);
    known.set(intervalMinutes, profile);
    const mean = await profile;
    if (!mean || mean.dayWh === 0) return undefined;
    const own = history.recentDays(of.day.localDay, HISTORY_DAYS);
    const ownWh = own.reduce((sum, { energyWh }) => sum + energyWh, 0) / own.length;
    const share = own.length === 0 ? 1 : ownWh / mean.dayWh;
    return (start) => {
      const energyWh = mean.byMinute.get(of.calendar.wallMinute(of.calendar.dayAt(start), start));
      return energyWh === undefined ? undefined : energyWh * share;
    };
  };
}

async function meanDay(
  ports: Parameters<typeof classProfiles>[0],
  { calendar, day, cutoff }: Parameters<typeof classProfiles>[1],
  intervalMinutes: number,
): Promise<Profile> {
  const channel = CHANNELS.activeEnergyImport.code;
  const sums = new Map<number, { energyWh: number; count: number }>();
  let wholeDays = 0;
  for (const { meters } of await ports.sample()) {
    for (const { meterNo, channels } of meters) {
      if (!channels.some((one) => one.channel === channel && one.intervalMinutes === intervalMinutes)) continue;
      const { start: from, end: to } = day.period;
      const series = emptySeries(day.period, intervalMinutes);
      placeIntervals(series, await ports.readings.readIntervals({ meterNo, channel, from, to, asOf: cutoff }));
      if (series.quality.some((quality, index) => quality < 2 || series.conflict[index] === 1)) continue;
      wholeDays += 1;
      series.energyWh.forEach((energyWh, index) => {
        const minute = calendar.wallMinute(day, startAt(series, index));
        const sum = sums.get(minute) ?? { energyWh: 0, count: 0 };
        sums.set(minute, { energyWh: sum.energyWh + energyWh, count: sum.count + 1 });
      });
    }
  }
  if (wholeDays < PROFILE_SAMPLE.least) return undefined;
  const byMinute = new Map([...sums].map(([minute, { energyWh, count }]) => [minute, energyWh / count]));
  return { byMinute, dayWh: [...byMinute.values()].reduce((sum, energyWh) => sum + energyWh, 0) };
}
