import * as z from 'zod';
import { jsonLines, type ObjectStore } from '../../../layers/adapters/s3/objects.ts';
import { type AnomalyResponse, anomalyRequest, anomalyResponse } from '../../../layers/contracts/models/anomaly.ts';
import {
  type ModelEndpoint,
  type ModelFailure,
  watchedRequests,
} from '../../../layers/domain/models/model-endpoint.ts';
import { log } from '../../../layers/runtime/observability.ts';
import type { TaskOutcome } from '../../../layers/runtime/task.ts';

export const askTask = z.looseObject({ requests: z.string().min(1), responses: z.string().min(1) });

/**
 * Asks the model every request of a shard. Where it does not answer, or not by contract, nothing is judged: the stream still is, and
 * the next day's judgement covers the day.
 */
export const askModel =
  ({ endpoint, objects, clock }: { endpoint: ModelEndpoint; objects: ObjectStore; clock: () => number }) =>
  async ({
    requests,
    responses,
  }: z.infer<typeof askTask>): Promise<TaskOutcome<{ responses: string; answered: number; failed: number }>> => {
    const lines = jsonLines(await objects.read(requests)).map((each) => anomalyRequest.parse(each));
    const failures: ModelFailure[] = [];
    const answered: string[] = [];
    const durations: number[] = [];
    for (const request of lines) {
      const from = clock();
      const outcome = await endpoint.ask(request);
      durations.push(clock() - from);
      if ('failure' in outcome) {
        failures.push(outcome.failure);
        continue;
      }
      try {
        const { modelVersion, windows } = judged(request.windows, outcome.answer);
        windows.forEach((score, index) => {
          answered.push(JSON.stringify({ score, timeZone: request.windows[index]?.timeZone, modelVersion }));
        });
      } catch (failure) {
        log.error('MODEL_OUTPUT_INVALID', failure, { entity: `meter/${request.windows[0]?.meterId}` });
        failures.push('invalid-output');
      }
    }
    await objects.put(responses, answered.map((line) => `${line}\n`).join(''), 'application/jsonlines');
    return {
      output: { responses, answered: answered.length, failed: failures.length },
      counts: { ModelsAsked: lines.length, MetersUnjudged: failures.length },
      watched: watchedRequests(failures, durations),
    };
  };

/** @throws if it is no answer, or of other meters. */
function judged(windows: readonly { meterId: string }[], answer: unknown): AnomalyResponse {
  const response = anomalyResponse.parse(answer);
  const [asked, told] = [windows, response.windows].map((list) => list.map(({ meterId }) => meterId).join());
  if (asked !== told) throw new Error(`asked of ${asked}, answered of ${told}`);
  return response;
}
