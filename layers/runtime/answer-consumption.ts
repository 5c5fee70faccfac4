import type { ConsumptionPeriod } from '../contracts/api/consumption.ts';
import type { Granularity } from '../contracts/api/values.ts';
import { fewEnough, MAX_PERIODS } from '../domain/calendar/local-periods.ts';
import { isoRange } from '../domain/calendar/range.ts';
import { consumption } from '../domain/consumption/consumption.ts';
import { DEFAULT_SPAN_MS } from '../domain/consumption/requested-consumption.ts';
import type { Entity, TopologyReader } from '../domain/network/topology-store.ts';
import type { TotalsPorts } from '../domain/windows/entity-totals.ts';
import { ApiProblem, apiProblem } from './api-problem.ts';
import type { Caller } from './caller.ts';
import { requestedRange } from './requested-range.ts';
import { readsSingleMeters } from './single-meters.ts';

/** What the consumption of any entity answers, beside the entity's own id. */
export interface ConsumptionSeries {
  granularity: Granularity;
  timeZone: string;
  unit: 'kWh';
  from: string;
  to: string;
  periods: ConsumptionPeriod[];
}

/** Consumption of an entity as a route asks for it, or the problem: unknown entity, or too many periods. */
export async function answerConsumption(
  ports: TotalsPorts & { topology: Pick<TopologyReader, 'exists'> },
  entity: Entity,
  request: {
    query: { granularity: Granularity; tz: string; from?: string | undefined; to?: string | undefined };
    caller: Pick<Caller, 'groups'>;
    now: number;
  },
): Promise<ConsumptionSeries | ApiProblem> {
  const { granularity, tz: timeZone } = request.query;
  const range = requestedRange(request.query, request.now, DEFAULT_SPAN_MS[granularity]);
  if (range instanceof ApiProblem) return range;
  if (!fewEnough({ ...range, granularity })) {
    return apiProblem('invalid-request', 'See violations', [
      { path: 'query.from', message: `the range holds more than ${MAX_PERIODS} periods; take a coarser granularity` },
    ]);
  }
  if (!(await ports.topology.exists(entity))) {
    return apiProblem('not-found', `There is no ${entity.kind} ${entity.kind === 'system' ? '' : entity.id}`);
  }
  const singleMeters = readsSingleMeters(request.caller);
  const periods = await consumption(ports, { entity, ...range, granularity, timeZone, now: request.now, singleMeters });
  return { granularity, timeZone, unit: 'kWh', ...isoRange(range), periods };
}
