import type { ForecastStore } from '../../../layers/domain/models/forecast-store.ts';
import type { UseCase } from '../../../layers/runtime/api-handler.ts';
import { apiProblem } from '../../../layers/runtime/api-problem.ts';
import { issueFields } from './issue-fields.ts';

const HOUR_MS = 3_600_000;

/** The newest forecast of an entity, or that of a moment, with what the issue before it said. */
export const getForecast =
  (forecasts: Pick<ForecastStore, 'latest'>): UseCase<'getForecast'> =>
  async ({ params, query, now }) => {
    const { horizon, model, asOf } = query;
    const quantiles = query.quantiles?.split(',').map(Number);
    const entity = { kind: params.entity, id: params.id };
    const [found, previous] = await forecasts.latest({
      entity,
      asOf: asOf === undefined ? now : Date.parse(asOf),
      ...(model === undefined ? {} : { modelVersion: model }),
      count: 2,
    });
    if (!found) return apiProblem('not-found', `There is no forecast of ${params.entity} ${params.id}`);
    const given = new Set(found.intervals[0]?.quantiles.map(({ level }) => level));
    const unknown = (quantiles ?? []).filter((level) => !given.has(level));
    if (unknown.length > 0) {
      return apiProblem('invalid-request', 'See violations', [
        { path: 'query.quantiles', message: `${unknown.join(', ')} not issued; there are ${[...given].join(', ')}` },
      ]);
    }
    const until = found.issuedAt + (horizon ?? Number.POSITIVE_INFINITY) * HOUR_MS;
    return {
      entity: params.entity,
      id: params.id,
      unit: 'kWh' as const,
      intervalMinutes: found.intervalMinutes,
      ...issueFields(found),
      inputs: { ...found.inputs },
      intervals: found.intervals
        .filter(({ start }) => Date.parse(start) < until)
        .map((interval) => ({
          ...interval,
          quantiles: interval.quantiles.filter(({ level }) => quantiles === undefined || quantiles.includes(level)),
        })),
      outcome: found.outcome,
      previous: previous
        ? {
            ...issueFields(previous),
            intervals: previous.intervals.map(({ start, end, point }) => ({ start, end, point })),
          }
        : null,
    };
  };
