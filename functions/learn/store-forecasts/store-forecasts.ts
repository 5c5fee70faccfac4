import * as z from 'zod';
import { jsonLines, type ObjectStore } from '../../../layers/adapters/s3/objects.ts';
import { FORECAST_ENTITIES, forecastRequest, forecastResponse } from '../../../layers/contracts/models/forecast.ts';
import { addUp, type Part } from '../../../layers/domain/models/add-up.ts';
import { entityHistory } from '../../../layers/domain/models/entity-history.ts';
import { DRIFT_DAYS, drift, outcomeOf } from '../../../layers/domain/models/forecast-outcome.ts';
import type { ForecastStore, IssuedForecast } from '../../../layers/domain/models/forecast-store.ts';
import { dayOf } from '../../../layers/domain/readings/calendar-day.ts';
import type { WindowReader } from '../../../layers/domain/windows/window-store.ts';
import type { TaskOutcome } from '../../../layers/runtime/task.ts';

export const storeTask = z.object({
  issuedAt: z.iso.datetime(),
  shards: z.array(z.object({ responses: z.string() })),
});

const entity = z.object({ kind: z.enum(FORECAST_ENTITIES), id: z.string() });
const answeredLine = z.object({
  request: forecastRequest,
  parent: entity.optional(),
  inputs: z.record(z.string(), z.unknown()),
  response: forecastResponse,
  availableAt: z.iso.datetime(),
});

/** Forecasts settled by one run: what is left waits for the next hour. */
const SETTLED_AT_ONCE = 2_000;

export interface StorePorts {
  forecasts: ForecastStore;
  windows: Pick<WindowReader, 'daysOf'>;
  objects: ObjectStore;
}

/** Makes the answers add up, keeps them, gives older forecasts their error, and says whether these have become worse. */
export const storeForecasts =
  (ports: StorePorts) =>
  async ({ issuedAt, shards }: z.infer<typeof storeTask>): Promise<TaskOutcome<ReturnType<typeof drift>>> => {
    const lines: z.infer<typeof answeredLine>[] = [];
    for (const { responses } of shards)
      lines.push(...jsonLines(await ports.objects.read(responses)).map((line) => answeredLine.parse(line)));
    const parts = lines.map(
      ({ request, parent, response }): Part => ({ entity: request.entity, parent, intervals: response.intervals }),
    );
    const settled = addUp(parts);
    const issued = await ports.forecasts.issue(
      lines.map(
        ({ request, inputs, response, availableAt }): IssuedForecast => ({
          entity: request.entity,
          issuedAt: Date.parse(request.issuedAt),
          availableAt: Date.parse(availableAt),
          model: 'forecast',
          modelVersion: response.modelVersion,
          method: response.method,
          fallback: response.fallback ?? (inputs.stale === true ? 'stale-inputs' : null),
          inputs,
          intervalMinutes: request.intervalMinutes,
          intervals: settled.get(`${request.entity.kind}/${request.entity.id}`) ?? response.intervals,
        }),
      ),
    );
    const now = Date.parse(issuedAt);
    const judged = await settle(ports, now);
    const outcomes = await ports.forecasts.outcomes({ from: now - 5 * DRIFT_DAYS * 86_400_000, to: now });
    const verdict = drift(outcomes, now);
    return {
      output: verdict,
      counts: { ForecastsIssued: issued, ForecastsJudged: judged, ForecastsDrifting: verdict.drifting ? 1 : 0 },
    };
  };

async function settle({ forecasts, windows }: StorePorts, until: number): Promise<number> {
  let judged = 0;
  for (const forecast of await forecasts.awaiting({ until, limit: SETTLED_AT_ONCE })) {
    const first = Date.parse(forecast.intervals[0]?.start ?? '');
    const last = Date.parse(forecast.intervals.at(-1)?.end ?? '');
    const range = { fromDay: dayOf(first), toDay: dayOf(last - 1) + 1 };
    const actual = await entityHistory(windows, { entity: forecast.entity, ...range });
    const outcome = actual && outcomeOf(forecast, actual);
    if (!outcome) continue;
    await forecasts.settle(forecast, outcome);
    judged += 1;
  }
  return judged;
}
