import type { ChannelName } from '../../contracts/messages/channels.ts';
import type { Period } from '../calendar/local-periods.ts';
import type { Entity, TopologyReader } from '../network/topology-store.ts';
import { dayOf } from '../readings/calendar-day.ts';
import type { WindowReader } from './window-store.ts';
import { type WindowTotals, windowTotals } from './window-totals.ts';

export interface TotalsPorts {
  windows: Pick<WindowReader, 'daysOf'>;
  topology: Pick<TopologyReader, 'serviceGroups'>;
}

/**
 * What an entity's readings add up to in each period.
 * @param query `periods` in order and without holes, epoch ms; meters with intervals over `longestMinutes` are left out
 */
export async function entityTotals(
  ports: TotalsPorts,
  query: { entity: Entity; channel: ChannelName; periods: readonly Period[]; now: number; longestMinutes?: number },
): Promise<WindowTotals[]> {
  const { entity, channel, periods, now, longestMinutes = Number.POSITIVE_INFINITY } = query;
  const from = periods[0]?.start;
  const to = periods.at(-1)?.end;
  if (from === undefined || to === undefined) return [];
  const short = ({ intervalMinutes }: { intervalMinutes: number }) => intervalMinutes <= longestMinutes;
  const summaries = await ports.windows.daysOf({ entity, channel, fromDay: dayOf(from), toDay: dayOf(to - 1) + 1 });
  const groups = await ports.topology.serviceGroups({ entity, channel, from, to });
  return windowTotals({ periods, summaries: summaries.filter(short), groups: groups.filter(short), now });
}
