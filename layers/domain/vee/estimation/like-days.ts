import type { EstimationSettings } from '../../../contracts/vee/settings.ts';
import type { CalendarDay } from '../day-calendar.ts';
import type { MeterHistory } from '../meter-history.ts';
import { intervalMsOf, startAt } from '../series.ts';

/**
 * Mean of the same time of day on the nearest like days, Wh; undefined: there is none. The same time by the clock on the
 * wall: on a day of 25 hours the hour that comes twice takes the same reference twice, and a reference that skips it is passed over.
 */
export function likeDayMean(
  history: MeterHistory,
  at: { day: CalendarDay; index: number },
  settings: EstimationSettings,
): { energyWh: number; references: number } | undefined {
  const { series, calendar } = history;
  const wallMinute = calendar.wallMinute(at.day, startAt(series, at.index));
  let [sum, references] = [0, 0];
  for (const { localDay } of history.likeDays(at.day.localDay, settings.likeDayMaxAgeDays)) {
    const instant = calendar.instantAt(calendar.day(localDay), wallMinute);
    const energyWh =
      instant === undefined ? undefined : series.energyWh[(instant - series.start) / intervalMsOf(series)];
    if (energyWh === undefined) continue;
    sum += energyWh;
    references += 1;
    if (references === settings.likeDays) break;
  }
  return references === 0 ? undefined : { energyWh: sum / references, references };
}
