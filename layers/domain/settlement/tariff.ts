import type { SettlementSettings } from '../../contracts/vee/settings.ts';
import type { DayCalendar } from '../vee/day-calendar.ts';

const minuteOf = (time: string): number => Number(time.slice(0, 2)) * 60 + Number(time.slice(3));

/** Names the time-of-use period of an instant (the start of an interval), by the clock on the wall. */
export function tariffPeriods(
  calendar: DayCalendar,
  { periods, otherwise }: SettlementSettings['tariff'],
): (timeMs: number) => string {
  const rules = periods.map(({ period, days, from, to }) => ({ period, days, from: minuteOf(from), to: minuteOf(to) }));
  return (timeMs) => {
    const day = calendar.dayAt(timeMs);
    const minute = calendar.wallMinute(day, timeMs);
    const kind = day.kind === 'working' ? 'working' : 'other';
    const rule = rules.find(({ days, from, to }) => (days === 'all' || days === kind) && minute >= from && minute < to);
    return rule?.period ?? otherwise;
  };
}
