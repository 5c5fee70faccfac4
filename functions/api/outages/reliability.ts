import type * as z from 'zod';
import type { reliability } from '../../../layers/contracts/api/outages.ts';
import type { routesById } from '../../../layers/contracts/api/routes.ts';
import { dateText, localDayOf, localDayPeriod } from '../../../layers/domain/calendar/local-days.ts';
import { DAY_MS } from '../../../layers/domain/readings/calendar-day.ts';
import { type CustomerOutage, reliabilityOf } from '../../../layers/domain/reliability/indices.ts';
import { ApiProblem, apiProblem } from '../../../layers/runtime/api-problem.ts';
import type { ApiRequest } from '../../../layers/runtime/api-request.ts';
import { requestedRange } from '../../../layers/runtime/requested-range.ts';
import type { OutagePorts } from './outage-routes.ts';

const YEAR_MS = 365 * DAY_MS;
/** Years of history that set the threshold of a major event day. IEEE 1366-2012, 4.5. */
const HISTORY_YEARS = 5;

/** Reliability of a period, in local days of the region (of the first region, for the system). */
export async function answerReliability(
  ports: Pick<OutagePorts, 'outages' | 'topology'>,
  { query, now }: ApiRequest<(typeof routesById)['getReliability']>,
): Promise<z.infer<typeof reliability> | ApiProblem> {
  const range = requestedRange(query, now, YEAR_MS);
  if (range instanceof ApiProblem) return range;
  const { feederId, regionId, momentaryMinutes } = query;
  const { regions, feeders, substations } = await ports.topology.network();
  const feeder = feeders.find((one) => one.feederId === feederId);
  if (feederId !== undefined && !feeder) return apiProblem('not-found', `There is no feeder ${feederId}`);
  const where = regionId ?? substations.find((one) => one.substationId === feeder?.substationId)?.regionId;
  const region = where === undefined ? regions[0] : regions.find((one) => one.regionId === where);
  if (regionId !== undefined && !region) return apiProblem('not-found', `There is no region ${regionId}`);
  const timeZone = region?.timeZone ?? 'UTC';
  const some = { ...(feederId ? { feederId } : {}), ...(regionId ? { regionId } : {}) };
  const until = Math.min(range.to, now);
  const [found, before, energised] = await Promise.all([
    ports.outages.customerOutages({ ...some, ...range }),
    ports.outages.customerOutages({ ...some, from: range.from - HISTORY_YEARS * YEAR_MS, to: range.from }),
    ports.outages.energised(some),
  ]);
  const closed = (one: (typeof found)[number]): CustomerOutage => ({ ...one, to: one.to ?? now });
  /** Mean number of usage points with supply to lose between two instants. */
  const served = (from: number, to: number): number =>
    energised.reduce((sum, one) => sum + Math.max(0, Math.min(one.to ?? to, to) - Math.max(one.from, from)), 0) /
    Math.max(1, to - from);
  const customers = served(range.from, until);
  const { majorEventDays, ...indices } = reliabilityOf({
    outages: found.map(closed),
    history: before.map(closed),
    customers,
    momentaryMinutes,
    localDayOf: (timeMs) => localDayOf(timeZone, timeMs),
    customersOn: (day) => {
      const { start, end } = localDayPeriod(timeZone, day);
      return served(start, end);
    },
  });
  return {
    from: new Date(range.from).toISOString(),
    to: new Date(range.to).toISOString(),
    momentaryMinutes,
    customers,
    ...indices,
    majorEventDays: majorEventDays.map(({ localDay, saidiMinutes }) => ({ date: dateText(localDay), saidiMinutes })),
  };
}
