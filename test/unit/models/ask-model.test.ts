import { askModel } from '../../../functions/learn/ask-forecast-model/ask-model.ts';
import type { WatchedRequests } from '../../../layers/domain/models/model-endpoint.ts';
import { memoryObjects } from '../../harness/memory-objects.ts';

const START = Date.parse('2026-03-02T00:00:00Z');
const line = (id: string) =>
  JSON.stringify({
    request: {
      entity: { kind: 'feeder', id },
      issuedAt: new Date(START).toISOString(),
      intervalMinutes: 60,
      history: { start: new Date(START - 3_600_000).toISOString(), values: [1] },
      timeZone: 'UTC',
      horizonHours: 1,
      quantiles: [0.1, 0.9],
    },
  });

/** A shard of requests to an endpoint that takes so long over each and then fails; the last one never comes back. */
async function asked(durationsMs: readonly number[]): Promise<WatchedRequests[]> {
  const objects = memoryObjects();
  await objects.put('requests', durationsMs.map((_, n) => line(`F${n}`)).join('\n'), 'application/jsonlines');
  const told: WatchedRequests[] = [];
  let now = 0;
  let next = 0;
  const endpoint = {
    ask: async () => {
      const durationMs = durationsMs[next] as number;
      next += 1;
      if (!Number.isFinite(durationMs)) throw new Error('the function was ended');
      now += durationMs;
      return { failure: 'failed' as const, detail: '' };
    },
  };
  const ask = askModel({ endpoint, objects, clock: () => now, watch: (watched) => told.push(watched) });
  await ask({ requests: 'requests', responses: 'responses' }).catch(() => {});
  return told;
}

test('a shard of quick requests is told of once, at its end', async () => {
  expect(await asked([10, 20, 30])).toEqual([
    { counts: { ModelFailed: 3, InvalidModelOutput: 0 }, durations: { ModelAnswered: [10, 20, 30] } },
  ]);
});

test('slow requests are told of while the shard lasts, each once, so that alarms ring even if it never ends', async () => {
  expect(await asked([3_000, 3_000, 9_000, 1_000, Number.POSITIVE_INFINITY])).toEqual([
    { counts: { ModelFailed: 2, InvalidModelOutput: 0 }, durations: { ModelAnswered: [3_000, 3_000] } },
    { counts: { ModelFailed: 1, InvalidModelOutput: 0 }, durations: { ModelAnswered: [9_000] } },
  ]);
});
