import type { VeeRuleSettings } from '../../../contracts/vee/settings.ts';
import type { CalendarDay, DayCalendar } from '../day-calendar.ts';
import type { Finding } from '../finding.ts';

/**
 * Rule 16: nothing measured for too many local days on end; from the first of them, so that the days that follow belong to
 * the same exception.
 * @param run `measured` says of a date whether any interval of it was; `since`: no date before it is looked at
 */
export function prolongedEstimation(
  calendar: DayCalendar,
  day: CalendarDay,
  run: { measured: (localDay: number) => boolean; since: number },
  limits: VeeRuleSettings['prolongedEstimation'],
): Finding[] {
  let first = day.localDay + 1;
  while (first > run.since && !run.measured(first - 1)) first -= 1;
  const observed = day.localDay + 1 - first;
  if (observed <= limits.days) return [];
  const { start: from } = calendar.day(first).period;
  const finding = { rule: 'PROLONGED_ESTIMATION', from, to: day.period.end, observed, limit: limits.days } as const;
  return [observed > limits.days + 1 ? { ...finding, continues: true } : finding];
}
