import * as z from 'zod';
import { jsonLines, type ObjectStore } from '../../../layers/adapters/s3/objects.ts';
import {
  type AnomalyRequest,
  type AnomalyResponse,
  anomalyRequest,
  anomalyResponse,
} from '../../../layers/contracts/models/anomaly.ts';
import {
  type ModelAnswer,
  type ModelEndpoint,
  type ModelFailure,
  requestWatch,
  type WatchedRequests,
} from '../../../layers/domain/models/model-endpoint.ts';
import { log } from '../../../layers/runtime/observability.ts';
import type { TaskOutcome } from '../../../layers/runtime/task.ts';

export const askTask = z.looseObject({ requests: z.string().min(1), responses: z.string().min(1) });

export interface AskPorts {
  endpoint: ModelEndpoint;
  objects: ObjectStore;
  clock: () => number;
  watch(watched: WatchedRequests): void;
}

/**
 * Asks the model every request of a shard. Where it does not answer, or not by contract, nothing is judged: the stream still is, and
 * the next day's judgement covers the day.
 */
export const askModel =
  ({ endpoint, objects, clock, watch }: AskPorts) =>
  async ({
    requests,
    responses,
  }: z.infer<typeof askTask>): Promise<TaskOutcome<{ responses: string; answered: number; failed: number }>> => {
    const lines = jsonLines(await objects.read(requests)).map((each) => anomalyRequest.parse(each));
    const failures: ModelFailure[] = [];
    const answered: string[] = [];
    const watched = requestWatch({ clock, tell: watch });
    for (const request of lines) {
      const from = clock();
      const outcome = await endpoint.ask(request);
      const durationMs = clock() - from;
      const { response, failure } = judgedBy(request, outcome);
      watched.answered(durationMs, failure);
      if (failure) failures.push(failure);
      response?.windows.forEach((score, index) => {
        const { timeZone } = request.windows[index] ?? {};
        answered.push(JSON.stringify({ score, timeZone, modelVersion: response.modelVersion }));
      });
    }
    watched.done();
    await objects.put(responses, answered.map((line) => `${line}\n`).join(''), 'application/jsonlines');
    return {
      output: { responses, answered: answered.length, failed: failures.length },
      counts: { ModelsAsked: lines.length, MetersUnjudged: failures.length },
    };
  };

function judgedBy(
  { windows }: AnomalyRequest,
  outcome: ModelAnswer,
): { response?: AnomalyResponse; failure?: ModelFailure } {
  if ('failure' in outcome) return { failure: outcome.failure };
  try {
    return { response: judged(windows, outcome.answer) };
  } catch (failure) {
    log.error('MODEL_OUTPUT_INVALID', failure, { entity: `meter/${windows[0]?.meterId}` });
    return { failure: 'invalid-output' };
  }
}

/** @throws if it is no answer, or of other meters. */
function judged(windows: readonly { meterId: string }[], answer: unknown): AnomalyResponse {
  const response = anomalyResponse.parse(answer);
  const [asked, told] = [windows, response.windows].map((list) => list.map(({ meterId }) => meterId).join());
  if (asked !== told) throw new Error(`asked of ${asked}, answered of ${told}`);
  return response;
}
