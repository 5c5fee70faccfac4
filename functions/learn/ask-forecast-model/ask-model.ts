import * as z from 'zod';
import { jsonLines, type ObjectStore } from '../../../layers/adapters/s3/objects.ts';
import {
  type ForecastRequest,
  type ForecastResponse,
  forecastRequest,
} from '../../../layers/contracts/models/forecast.ts';
import { checkedForecast } from '../../../layers/domain/models/forecast-loss.ts';
import {
  type ModelEndpoint,
  type ModelFailure,
  requestWatch,
  type WatchedRequests,
} from '../../../layers/domain/models/model-endpoint.ts';
import { seasonalFallback } from '../../../layers/domain/models/seasonal-fallback.ts';
import { log } from '../../../layers/runtime/observability.ts';
import type { TaskOutcome } from '../../../layers/runtime/task.ts';

export const askTask = z.object({ requests: z.string().min(1), responses: z.string().min(1) });

const line = z.looseObject({ request: forecastRequest });

export interface AskPorts {
  endpoint: ModelEndpoint;
  objects: ObjectStore;
  clock: () => number;
  watch(watched: WatchedRequests): void;
}

/** Asks the model every request of a shard; where it does not answer, or not by contract, past weeks do, and the forecast says so. */
export const askModel =
  ({ endpoint, objects, clock, watch }: AskPorts) =>
  async ({
    requests,
    responses,
  }: z.infer<typeof askTask>): Promise<TaskOutcome<{ answered: number; fellBack: number }>> => {
    const lines = jsonLines(await objects.read(requests)).map((each) => line.parse(each));
    const failures: ModelFailure[] = [];
    const answered: string[] = [];
    const watched = requestWatch({ clock, tell: watch });
    for (const each of lines) {
      const from = clock();
      const { response, failure } = await answerOf(endpoint, each.request);
      watched.answered(clock() - from, failure);
      if (failure) failures.push(failure);
      if (response) answered.push(JSON.stringify({ ...each, response, availableAt: new Date(clock()).toISOString() }));
    }
    watched.done();
    await objects.put(responses, `${answered.join('\n')}\n`, 'application/jsonlines');
    return {
      output: { answered: answered.length, fellBack: failures.length },
      counts: { ModelsAsked: lines.length, ForecastsFellBack: failures.length },
    };
  };

async function answerOf(
  endpoint: ModelEndpoint,
  request: ForecastRequest,
): Promise<{ response: ForecastResponse | undefined; failure?: ModelFailure }> {
  const outcome = await endpoint.ask(request);
  if ('failure' in outcome) {
    return { response: seasonalFallback(request, `model-${outcome.failure}`), failure: outcome.failure };
  }
  try {
    return { response: checkedForecast(request, outcome.answer) };
  } catch (failure) {
    const { kind, id } = request.entity;
    log.error('MODEL_OUTPUT_INVALID', failure, { entity: `${kind}/${id}` });
    return { response: seasonalFallback(request, 'model-invalid-output'), failure: 'invalid-output' };
  }
}
